#include "node/engine/drafting.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/encoding.h"
#include "core/exchange/envelope.h"
#include "core/exchange/kind_check.h"
#include "core/exchange/kinds.h"
#include "core/exchange/limits.h"
#include "core/exchange/policy.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"

namespace chancery::node {
namespace {

Result<v1::Text> text_of(const v1::PublishRequest& request) {
  if (request.text().size() > exchange::kTextBytesMax) {
    return fail(ErrorCode::kLimitExceeded, "a text of " + std::to_string(request.text().size()) +
                                               " bytes, at most " +
                                               std::to_string(exchange::kTextBytesMax));
  }
  return exchange::parse_text(request.kind(), request.text());
}

// All of it but the draft, and N.
Result<OutboxDraft> outbox_for(const v1::PublishRequest& request, const Drafting& drafting) {
  OutboxDraft outbox;
  outbox.waiting.notice_id = request.notice_id();
  outbox.waiting.precedence = request.precedence();
  outbox.waiting.sealed = !request.clear();
  outbox.waiting.text = request.text();
  if (outbox.waiting.sealed) {
    CHANCERY_TRY(outbox.waiting.text,
                 exchange::pad_text(drafting.random(exchange::kTextSaltBytes), request.text()));
  }
  outbox.queued_at_ms = drafting.now_ms;
  return outbox;
}

// What the time is asked about.
Result<void> check_now(const v1::PublishRequest& request, const v1::Text& text,
                       std::uint64_t now_ms) {
  CHANCERY_TRY_VOID(exchange::check_not_expired(request.expires_at_ms(), now_ms));
  return exchange::check_rules(request.kind(), text,
                               {.created_at_ms = now_ms, .expires_at_ms = request.expires_at_ms()});
}

// What a request says beside its notice id and text.
std::string said_by(std::string_view request_bytes) {
  std::string said;
  const auto add = [&said](std::uint64_t number) { said += as_view(u64_be(number)); };
  for (exchange::Fields fields(request_bytes); fields.next();) {
    if (fields.number() == v1::PublishRequest::kNoticeIdFieldNumber ||
        fields.number() == v1::PublishRequest::kTextFieldNumber) {
      continue;
    }
    add(static_cast<std::uint64_t>(fields.number()));
    add(fields.value());
    add(fields.bytes().size());
    said += fields.bytes();
  }
  return said;
}

}  // namespace

Result<OutboxDraft> draft_notice(const v1::PublishRequest& request, const Drafting& drafting) {
  CHANCERY_TRY(const v1::Text text, text_of(request));
  const std::vector<v1::Recipient> named(request.recipients().begin(), request.recipients().end());
  CHANCERY_TRY(const std::vector<v1::Recipient> recipients,
               exchange::expand_recipients(named, drafting.member, drafting.directory));
  CHANCERY_TRY(OutboxDraft outbox, outbox_for(request, drafting));
  v1::Draft draft;
  draft.set_origin(drafting.member);
  draft.set_notice_id(request.notice_id());
  draft.set_kind(request.kind());
  draft.set_status(request.status());
  draft.set_precedence(request.precedence());
  if (request.has_label()) {
    *draft.mutable_label() = request.label();
    std::ranges::sort(*draft.mutable_label()->mutable_handling());
  }
  std::vector<std::string> codes;
  for (const v1::Recipient& recipient : recipients) {
    *draft.add_recipients() = recipient;
    codes.push_back(recipient.member());
  }
  draft.set_expires_at_ms(request.expires_at_ms());
  draft.set_text_digest(to_string(exchange::text_digest(outbox.waiting.text)));
  CHANCERY_TRY_VOID(exchange::judge_draft(draft, outbox.waiting.sealed, drafting.directory));
  CHANCERY_TRY_VOID(check_now(request, text, drafting.now_ms));
  if (outbox.waiting.sealed) {
    CHANCERY_TRY_VOID(exchange::sealing_keys_for(drafting.member, codes, drafting.directory));
  }
  outbox.waiting.draft = draft.SerializeAsString();
  // What came in an open reading has to pass the strict one, or it could never be signed.
  CHANCERY_TRY_VOID(exchange::check_wire(outbox.waiting.draft, *v1::Draft::descriptor(),
                                         exchange::Reading::kStrict));
  outbox.notice = exchange::notice_hash(drafting.genesis, outbox.waiting.draft);
  return outbox;
}

Result<OutboxDraft> Drafter::draft(const v1::PublishRequest& request,
                                   std::string_view request_bytes, const Drafting& drafting) {
  std::string said = said_by(request_bytes);
  const Hash directory = drafting.directory.root();
  if (said != said_ || directory != directory_ || !is_uuid_v7(as_bytes(request.notice_id()))) {
    CHANCERY_TRY(OutboxDraft outbox, draft_notice(request, drafting));
    said_ = std::move(said);
    directory_ = directory;
    form_ = exchange::DraftForm(outbox.waiting.draft);
    return outbox;
  }
  CHANCERY_TRY(const v1::Text text, text_of(request));
  CHANCERY_TRY(OutboxDraft outbox, outbox_for(request, drafting));
  CHANCERY_TRY_VOID(check_now(request, text, drafting.now_ms));
  outbox.waiting.draft =
      form_.with(request.notice_id(), as_view(exchange::text_digest(outbox.waiting.text)));
  outbox.notice = exchange::notice_hash(drafting.genesis, outbox.waiting.draft);
  return outbox;
}

}  // namespace chancery::node
