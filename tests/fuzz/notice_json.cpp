// A notice as a user writes it in a file for `publish --file`.
//
// Holds: what the command takes, it sends as a request that a node reads, with a text that a
// recipient reads, and that keeps the rules of its kind.

#include "client/src/notice_json.h"

#include "client/src/convert.h"
#include "core/exchange/kind_check.h"
#include "core/exchange/kinds.h"
#include "core/exchange/strict.h"
#include "tests/fuzz/input.h"

namespace client = chancery::client;
namespace exchange = chancery::exchange;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view json = chancery::as_view(chancery::Bytes(data, size));
  const client::Time now{std::chrono::seconds(1'700'000'000)};
  auto draft = client::draft_from_json(json, "notice.json", now);
  if (!draft.has_value()) {
    CHANCERY_CHECK(draft.error().detail.starts_with("notice.json: "));
    return 0;
  }
  if (draft->id.empty()) {
    draft->id = "01890a5d-ac96-774b-bcce-b302099a8057";
  }
  const auto request = client::publish_request(*draft);
  if (!request.has_value()) {
    return 0;
  }
  const auto read = exchange::parse_wire<chancery::v1::PublishRequest>(request->SerializeAsString(),
                                                                       exchange::Reading::kOpen);
  CHANCERY_CHECK(read.has_value());
  const auto text = exchange::parse_text(read->kind(), read->text());
  CHANCERY_CHECK(text.has_value());
  CHANCERY_CHECK(exchange::problems_of(read->kind(), *text,
                                       {.created_at_ms = 0, .expires_at_ms = read->expires_at_ms()})
                     .empty());
  return 0;
}
