#include "client/src/convert.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/encoding.h"
#include "core/exchange/kind_check.h"
#include "core/exchange/kinds.h"
#include "core/exchange/names.h"

namespace chancery::client {
namespace {

constexpr std::uint64_t kUnixUsMax = 253'402'300'799'999'999;  // The last of year 9999.
constexpr std::size_t kNoticePrefixDigitsMin = 8;              // ShowRequest: at least 4 bytes.

Result<std::string> notice_bytes(std::string_view field, const std::string& digits) {
  if (digits.empty()) {
    return std::string{};
  }
  const auto hash = hash_from_hex(digits);
  if (!hash.has_value()) {
    return fail(ErrorCode::kUsage,
                std::string(field) + ": '" + digits + "' is not the 64 digits of a notice");
  }
  return chancery::to_string(*hash);
}

Result<void> add_recipients(v1::PublishRequest& request, const std::vector<std::string>& members,
                            v1::RecipientRole role) {
  for (const std::string& member : members) {
    if (member != "members" && member != "all" && !exchange::is_member_code(member)) {
      return fail(ErrorCode::kUnknownRecipient,
                  "'" + member + "' is neither a member code, as AM, nor 'members' nor 'all'");
    }
    v1::Recipient& recipient = *request.add_recipients();
    recipient.set_member(member);
    recipient.set_role(role);
  }
  return {};
}

Result<v1::Text> text_of(const Draft& draft) {
  CHANCERY_TRY(v1::Text text, exchange::text_from_json(draft.kind, draft.subject, draft.language,
                                                       draft.content_json));
  CHANCERY_TRY(*text.mutable_thread(), notice_bytes("thread", draft.thread));
  CHANCERY_TRY(*text.mutable_in_reply_to(), notice_bytes("in_reply_to", draft.in_reply_to));
  for (const std::string& digits : draft.supersedes) {
    CHANCERY_TRY(*text.add_supersedes(), notice_bytes("supersedes", digits));
  }
  for (const std::string& digits : draft.cancels) {
    CHANCERY_TRY(*text.add_cancels(), notice_bytes("cancels", digits));
  }
  CHANCERY_TRY(*text.mutable_translation_of(),
               notice_bytes("translation_of", draft.translation_of));
  if (draft.reply_by) {
    text.set_reply_by_ms(ms_from(*draft.reply_by));
  }
  return text;
}

std::vector<std::string> digits_of(const auto& hashes) {
  std::vector<std::string> out;
  for (const std::string& hash : hashes) {
    out.push_back(hex(as_bytes(hash)));
  }
  return out;
}

void read_draft(const v1::Draft& draft, Notice& notice) {
  notice.id = draft.notice_id().size() == 16 ? uuid_text(as_bytes(draft.notice_id())) : "";
  notice.origin = draft.origin();
  notice.kind = draft.kind();
  notice.status = exchange::word(draft.status());
  notice.precedence = exchange::word(draft.precedence());
  notice.label.classification = draft.label().classification();
  notice.label.handling.assign(draft.label().handling().begin(), draft.label().handling().end());
  notice.label.tlp = static_cast<Tlp>(draft.label().tlp());
  for (const v1::Recipient& recipient : draft.recipients()) {
    notice.recipients.push_back({recipient.member(), static_cast<Role>(recipient.role())});
  }
  if (draft.expires_at_ms() != 0) {
    notice.expires_at = time_from_ms(draft.expires_at_ms());
  }
}

void read_text(const v1::Text& text, Notice& notice) {
  notice.subject = text.subject();
  notice.language = text.language();
  notice.content_json = exchange::content_to_json(notice.kind, text.content());
  const auto created_at_ms = ms_from(notice.created_at);
  const auto expires_at_ms = notice.expires_at ? ms_from(*notice.expires_at) : 0;
  for (const exchange::Problem& problem : exchange::problems_of(
           notice.kind, text, {.created_at_ms = created_at_ms, .expires_at_ms = expires_at_ms})) {
    notice.problems.push_back(exchange::problem_line(problem));
  }
  notice.thread = hex(as_bytes(text.thread()));
  notice.in_reply_to = hex(as_bytes(text.in_reply_to()));
  notice.supersedes = digits_of(text.supersedes());
  notice.cancels = digits_of(text.cancels());
  notice.translation_of = hex(as_bytes(text.translation_of()));
  if (text.reply_by_ms() != 0) {
    notice.reply_by = time_from_ms(text.reply_by_ms());
  }
  for (const v1::Attachment& attachment : text.attachments()) {
    notice.attachments.push_back({attachment.name(), attachment.media_type(), attachment.size()});
  }
}

bool is_decimal(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Time time_from_us(std::uint64_t unix_us) {
  return Time(std::chrono::microseconds(static_cast<std::int64_t>(std::min(unix_us, kUnixUsMax))));
}

Time time_from_ms(std::uint64_t unix_ms) {
  return time_from_us(std::min(unix_ms, kUnixUsMax / 1000) * 1000);
}

std::uint64_t ms_from(Time time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0));
}

Result<v1::PublishRequest> publish_request(const Draft& draft) {
  v1::PublishRequest request;
  auto id = from_uuid_text(draft.id);
  if (!id.has_value() || !is_uuid_v7(as_bytes(*id))) {
    return fail(ErrorCode::kUsage, "notice id '" + draft.id + "' is not a UUID of version 7");
  }
  request.set_notice_id(*std::move(id));
  request.set_kind(draft.kind);
  request.set_status(static_cast<v1::Status>(std::to_underlying(draft.status)));
  request.set_precedence(static_cast<v1::Precedence>(std::to_underlying(draft.precedence)));
  v1::Label& label = *request.mutable_label();
  label.set_classification(draft.label.classification);
  std::vector<std::string> handling = draft.label.handling;  // The draft wants each once, in order.
  std::ranges::sort(handling);
  const auto repeated = std::ranges::unique(handling);
  handling.erase(repeated.begin(), repeated.end());
  label.mutable_handling()->Assign(handling.begin(), handling.end());
  label.set_tlp(static_cast<v1::Tlp>(std::to_underlying(draft.label.tlp)));
  if (draft.to.empty() && draft.info.empty()) {
    return fail(ErrorCode::kNoRecipients, "the draft names nobody");
  }
  CHANCERY_TRY_VOID(add_recipients(request, draft.to, v1::RECIPIENT_ROLE_ACTION));
  CHANCERY_TRY_VOID(add_recipients(request, draft.info, v1::RECIPIENT_ROLE_INFO));
  if (draft.expires_at) {
    request.set_expires_at_ms(ms_from(*draft.expires_at));
  }
  for (const std::string* text : {&draft.subject, &draft.language, &draft.label.classification}) {
    if (!is_utf8(*text)) {
      return fail(ErrorCode::kInvalidUtf8, "subject, language or classification");
    }
  }
  CHANCERY_TRY(const v1::Text text, text_of(draft));
  // Whether a deadline has passed is the node's to say, which knows a repetition from a new notice.
  CHANCERY_TRY_VOID(exchange::check_rules(
      draft.kind, text, {.created_at_ms = 0, .expires_at_ms = request.expires_at_ms()}));
  request.set_text(text.SerializeAsString());
  request.set_clear(draft.clear);
  return request;
}

Result<v1::InboxRequest> inbox_request(const InboxQuery& query) {
  v1::InboxRequest request;
  request.set_after(query.after.arrival);
  request.set_after_urgent(query.after.arrival_urgent);
  request.set_last(query.last);
  request.set_limit(query.limit);
  request.set_wait_ms(static_cast<std::uint64_t>(std::max<std::int64_t>(query.wait.count(), 0)));
  v1::InboxFilter& filter = *request.mutable_filter();
  for (const std::string& origin : query.origins) {
    if (!exchange::is_member_code(origin)) {
      return fail(ErrorCode::kUsage, "'" + origin + "' is not a member code, as AM");
    }
    filter.add_origins(origin);
  }
  for (const std::string& kind : query.kinds) {
    if (!exchange::is_pattern(kind)) {
      return fail(ErrorCode::kUsage,
                  "'" + kind + "' is neither a kind, as threat.alert, nor as consultation.*");
    }
    filter.add_kinds(kind);
  }
  const auto asks = [&](Status status) {
    return std::ranges::find(query.statuses, status) != query.statuses.end();
  };
  filter.set_actual(asks(Status::kActual));
  filter.set_exercise(asks(Status::kExercise));
  filter.set_test(asks(Status::kTest));
  filter.set_draft(asks(Status::kDraft));
  if (query.precedence_min) {
    filter.set_precedence_min(
        static_cast<v1::Precedence>(std::to_underlying(*query.precedence_min)));
  }
  if (query.since) {
    filter.set_since_ms(ms_from(*query.since));
  }
  return request;
}

Result<std::vector<v1::ShowRequest>> show_requests(std::string_view name) {
  std::vector<v1::ShowRequest> requests;
  if (const Result<std::string> id = from_uuid_text(name); id.has_value()) {
    requests.emplace_back().set_notice_id(*id);
    return requests;
  }
  if (!name.empty() && name.size() < 20 && is_decimal(name)) {
    CHANCERY_TRY(const std::uint64_t index, from_decimal(name));
    requests.emplace_back().set_index_plus_one(index + 1);
  }
  // Half a byte at the end names nothing more precisely than the bytes before it.
  const auto bytes = from_hex(name.substr(0, name.size() - name.size() % 2));
  if (bytes.has_value() && name.size() >= kNoticePrefixDigitsMin && name.size() <= 64) {
    requests.emplace_back().set_notice(*bytes);
  }
  if (requests.empty()) {
    return fail(ErrorCode::kUsage, "'" + std::string(name) +
                                       "' is neither a notice (8 to 64 hexadecimal digits), nor a "
                                       "notice id (a UUID, 8-4-4-4-12), nor an index");
  }
  return requests;
}

Result<Notice> notice_from(const v1::InboxItem& item) {
  v1::Draft draft;
  if (!draft.ParseFromString(item.draft())) {
    return fail(ErrorCode::kMalformed,
                "the draft at index " + std::to_string(item.index()) + " does not parse");
  }
  Notice notice;
  notice.arrival = item.arrival();
  notice.index = item.index();
  notice.accepted_at = time_from_ms(item.accepted_at_ms());
  notice.created_at = time_from_us(item.created_at_us());
  notice.arrived_at = time_from_ms(item.arrived_at_ms());
  notice.notice = hex(as_bytes(item.notice()));
  notice.logged = item.logged();
  notice.witnessed = item.witnessed();
  notice.sealed = item.sealed();
  notice.own = item.own();
  notice.key_id = hex(as_bytes(item.key_id()));
  notice.redelivered = item.redelivered();
  notice.attempts = item.attempts();
  read_draft(draft, notice);
  if (item.erased_at_ms() != 0) {
    notice.erased_at = time_from_ms(item.erased_at_ms());
    return notice;
  }
  if (const auto text = exchange::parse_text(draft.kind(), item.text()); text.has_value()) {
    read_text(*text, notice);
  } else {
    notice.content_json = R"({"unknown":")" + hex(as_bytes(item.text())) + R"("})";
  }
  return notice;
}

Stage stage_from(v1::Stage stage) {
  return stage >= v1::STAGE_QUEUED && stage <= v1::STAGE_ACTIONED ? static_cast<Stage>(stage)
                                                                  : Stage::kUnknown;
}

}  // namespace chancery::client
