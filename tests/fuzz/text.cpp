// What recipients read: a text of a known or an unknown kind, and a content written as JSON. First
// byte: the kind; second byte: 0 the bytes are a Text, 1 they are a content, 2 they are JSON.
//
// Holds: the content of any text shows as JSON; JSON that is taken makes a text that a reader
// takes, and the JSON which it shows as makes the same content again; checking says what reading
// does; what is plain is read as protobuf's mapping reads it; any text is judged by the rules of
// its kind.

#include <google/protobuf/util/json_util.h>

#include <memory>

#include "core/exchange/content_json.h"
#include "core/exchange/kind_check.h"
#include "core/exchange/kinds.h"
#include "io/text/json.h"
#include "tests/fuzz/input.h"

namespace exchange = chancery::exchange;

namespace {

constexpr std::size_t kDepthMax = 32;

void check_shown(std::string_view kind, std::string_view content) {
  const std::string json = exchange::content_to_json(kind, content);
  CHANCERY_CHECK(chancery::text::parse_json(json, kDepthMax).has_value());
}

void check_plain(const google::protobuf::Message& prototype, const std::string& json) {
  const std::unique_ptr<google::protobuf::Message> plain(prototype.New());
  const std::unique_ptr<google::protobuf::Message> mapped(prototype.New());
  if (exchange::read_plain_json(json, *plain)) {
    CHANCERY_CHECK(google::protobuf::util::JsonStringToMessage(json, mapped.get()).ok());
    CHANCERY_CHECK(plain->SerializeAsString() == mapped->SerializeAsString());
  }
}

void check_written(std::string_view kind, std::string_view json) {
  const auto text = exchange::text_from_json(kind, "subject", "en", json);
  if (!text.has_value()) {
    CHANCERY_CHECK(text.error().detail.find('\n') == std::string::npos);
    return;
  }
  CHANCERY_CHECK(exchange::parse_text(kind, text->SerializeAsString()).has_value());
  const std::string shown = exchange::content_to_json(kind, text->content());
  const auto again = exchange::text_from_json(kind, "subject", "en", shown);
  CHANCERY_CHECK(again.has_value() && again->content() == text->content());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  const std::size_t which = input.choice(exchange::kinds().size() + 1);
  const std::string_view kind =
      which == exchange::kinds().size() ? "unknown.kind" : exchange::kinds()[which].kind;
  const std::size_t form = input.choice(3);
  const std::string_view bytes = input.rest();
  if (form == 0) {
    const auto text = exchange::parse_text(kind, bytes);
    CHANCERY_CHECK(exchange::check_text(kind, bytes).has_value() == text.has_value());
    if (text.has_value()) {
      check_shown(kind, text->content());
      CHANCERY_CHECK(exchange::problems_of(kind, *text, {}).size() <= exchange::kProblemCountMax);
    }
  } else if (form == 1) {
    check_shown(kind, bytes);
  } else {
    if (which != exchange::kinds().size()) {
      check_plain(*exchange::kinds()[which].prototype, std::string(bytes));
    }
    check_written(kind, bytes);
  }
  return 0;
}
