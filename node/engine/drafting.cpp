#include "node/engine/drafting.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/exchange/envelope.h"
#include "core/exchange/kind_check.h"
#include "core/exchange/kinds.h"
#include "core/exchange/limits.h"
#include "core/exchange/policy.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"

namespace chancery::node {

Result<OutboxDraft> draft_notice(const v1::PublishRequest& request, const Drafting& drafting) {
  if (request.text().size() > exchange::kTextBytesMax) {
    return fail(ErrorCode::kLimitExceeded, "a text of " + std::to_string(request.text().size()) +
                                               " bytes, at most " +
                                               std::to_string(exchange::kTextBytesMax));
  }
  CHANCERY_TRY(const v1::Text text, exchange::parse_text(request.kind(), request.text()));
  const std::vector<v1::Recipient> named(request.recipients().begin(), request.recipients().end());
  CHANCERY_TRY(const std::vector<v1::Recipient> recipients,
               exchange::expand_recipients(named, drafting.member, drafting.directory));

  OutboxDraft outbox;
  outbox.waiting.sealed = !request.clear();
  outbox.waiting.text = request.text();
  if (outbox.waiting.sealed) {
    CHANCERY_TRY(outbox.waiting.text,
                 exchange::pad_text(drafting.random(exchange::kTextSaltBytes), request.text()));
  }
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
  CHANCERY_TRY_VOID(exchange::check_not_expired(request.expires_at_ms(), drafting.now_ms));
  CHANCERY_TRY_VOID(exchange::check_rules(
      request.kind(), text,
      {.created_at_ms = drafting.now_ms, .expires_at_ms = request.expires_at_ms()}));
  if (outbox.waiting.sealed) {
    CHANCERY_TRY_VOID(exchange::sealing_keys_for(drafting.member, codes, drafting.directory));
  }
  outbox.waiting.notice_id = request.notice_id();
  outbox.waiting.draft = draft.SerializeAsString();
  // What came in an open reading has to pass the strict one, or it could never be signed.
  CHANCERY_TRY_VOID(exchange::check_wire(outbox.waiting.draft, *v1::Draft::descriptor(),
                                         exchange::Reading::kStrict));
  outbox.waiting.precedence = request.precedence();
  outbox.notice = exchange::notice_hash(drafting.genesis, outbox.waiting.draft);
  outbox.queued_at_ms = drafting.now_ms;
  return outbox;
}

}  // namespace chancery::node
