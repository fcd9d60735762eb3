#include "core/exchange/kinds.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <memory>

#include "chancery/v1/notices.pb.h"
#include "core/base/encoding.h"
#include "core/exchange/content_json.h"
#include "core/exchange/strict.h"

namespace chancery::exchange {
namespace {

using google::protobuf::Message;

constexpr std::size_t kContentJsonBytesMax = 4U << 20U;

const auto& table() {
  static const std::array all_kinds = {
      KindInfo{"acknowledgement", &v1::Acknowledgement::default_instance()},
      KindInfo{"assistance.accept", &v1::AssistanceAccept::default_instance()},
      KindInfo{"assistance.complete", &v1::AssistanceComplete::default_instance()},
      KindInfo{"assistance.decline", &v1::AssistanceDecline::default_instance()},
      KindInfo{"assistance.offer", &v1::AssistanceOffer::default_instance()},
      KindInfo{"assistance.request", &v1::AssistanceRequest::default_instance()},
      KindInfo{"consultation.extend", &v1::ConsultationExtend::default_instance()},
      KindInfo{"consultation.open", &v1::ConsultationOpen::default_instance()},
      KindInfo{"consultation.respond", &v1::ConsultationRespond::default_instance()},
      KindInfo{"consultation.tally", &v1::ConsultationTally::default_instance()},
      KindInfo{"consultation.withdraw", &v1::ConsultationWithdraw::default_instance()},
      KindInfo{"contact", &v1::Contact::default_instance()},
      KindInfo{"document.adopt", &v1::DocumentAdopt::default_instance()},
      KindInfo{"document.comment", &v1::DocumentComment::default_instance()},
      KindInfo{"document.draft", &v1::DocumentDraft::default_instance()},
      KindInfo{"document.version", &v1::DocumentVersion::default_instance()},
      KindInfo{"emergency.alert", &v1::EmergencyAlert::default_instance()},
      KindInfo{"foreign-policy.step", &v1::ForeignPolicyStep::default_instance()},
      KindInfo{"security.step", &v1::SecurityStep::default_instance()},
      KindInfo{"statement", &v1::Statement::default_instance()},
      KindInfo{"threat.alert", &v1::ThreatAlert::default_instance()},
      KindInfo{"training", &v1::Training::default_instance()},
  };
  return all_kinds;
}

// libprotobuf's words, on one line.
std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

std::span<const KindInfo> kinds() {
  return table();
}

const KindInfo* find_kind(std::string_view kind) {
  const auto* const found = std::ranges::find(table(), kind, &KindInfo::kind);
  return found == table().end() ? nullptr : found;
}

Result<v1::Text> text_from_json(std::string_view kind, std::string_view subject,
                                std::string_view language, std::string_view content_json) {
  const KindInfo* const info = find_kind(kind);
  if (info == nullptr) {
    return fail(ErrorCode::kInvalidKind, "'" + std::string(kind) + "' is not a known kind");
  }
  if (content_json.size() > kContentJsonBytesMax) {
    return fail(ErrorCode::kLimitExceeded, "content of more than 4 MiB of JSON");
  }
  const std::unique_ptr<Message> message(info->prototype->New());
  if (!read_plain_json(content_json, *message)) {
    message->Clear();
    const auto status = google::protobuf::util::JsonStringToMessage(
        google::protobuf::StringPiece(content_json.data(), content_json.size()), message.get());
    if (!status.ok()) {
      return fail(ErrorCode::kInvalidKind, "the content does not fit kind " + std::string(kind) +
                                               ": " + one_line(status.ToString()));
    }
  }
  v1::Text text;
  text.set_subject(std::string(subject));
  text.set_language(std::string(language));
  text.set_content(message->SerializeAsString());
  return text;
}

std::string content_to_json(std::string_view kind, std::string_view content) {
  const auto unknown = [&] { return "{\"unknown\":\"" + hex(as_bytes(content)) + "\"}"; };
  const KindInfo* const info = find_kind(kind);
  if (info == nullptr) {
    return unknown();
  }
  const std::unique_ptr<Message> message(info->prototype->New());
  if (!check_wire(content, *info->prototype->GetDescriptor(), Reading::kOpen).has_value() ||
      !message->ParseFromArray(content.data(), static_cast<int>(content.size()))) {
    return unknown();
  }
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(*message, &json, options).ok()) {
    return unknown();
  }
  return json;
}

Result<void> check_text(std::string_view kind, std::string_view bytes) {
  CHANCERY_TRY_VOID(check_wire(bytes, *v1::Text::descriptor(), Reading::kOpen));
  const KindInfo* const info = find_kind(kind);
  if (info == nullptr) {
    return {};
  }
  std::string_view content;  // Read openly, of one that comes twice the last counts.
  for (Fields fields(bytes); fields.next();) {
    if (fields.number() == v1::Text::kContentFieldNumber) {
      content = fields.bytes();
    }
  }
  return check_wire(content, *info->prototype->GetDescriptor(), Reading::kOpen);
}

Result<v1::Text> parse_text(std::string_view kind, std::string_view bytes) {
  CHANCERY_TRY(v1::Text text, parse_wire<v1::Text>(bytes, Reading::kOpen));
  if (const KindInfo* const info = find_kind(kind); info != nullptr) {
    CHANCERY_TRY_VOID(
        check_wire(text.content(), *info->prototype->GetDescriptor(), Reading::kOpen));
  }
  return text;
}

}  // namespace chancery::exchange
