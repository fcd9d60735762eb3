// A notice as a node hands it to an application, and as the command shows it.
//
// Holds: a node that sends anything is answered with a notice or an error; what is shown is UTF-8,
// as JSON it is one object on one line, and nothing in it moves a terminal's cursor; a C++ program
// gets over the C interface what the library has.

#include <google/protobuf/stubs/logging.h>

#include <algorithm>

#include "cli/display.h"
#include "client/src/answer_json.h"
#include "client/src/convert.h"
#include "client/src/notice_json.h"
#include "core/base/encoding.h"
#include "core/exchange/strict.h"
#include "tests/fuzz/input.h"

namespace cli = chancery::cli;
namespace client = chancery::client;

namespace {

bool is_printable(std::string_view text, bool may_have_lines) {
  return chancery::is_utf8(text) &&
         std::ranges::all_of(chancery::as_bytes(text), [&](std::uint8_t byte) {
           return (byte >= 0x20 && byte != 0x7f) || (may_have_lines && byte == '\n');
         });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const google::protobuf::LogSilencer silent;  // It writes on stderr what it refuses.
  const auto item = chancery::exchange::parse_wire<chancery::v1::InboxItem>(
      chancery::as_view(chancery::Bytes(data, size)), chancery::exchange::Reading::kOpen);
  if (!item.has_value()) {
    return 0;
  }
  const auto notice = client::notice_from(*item);
  if (!notice.has_value()) {
    return 0;
  }
  client::Details details;
  details.notice = *notice;
  details.envelope = item->notice();
  const std::string line = cli::json_line(client::details_json(details));
  CHANCERY_CHECK(is_printable(line, false));
  const auto parsed = chancery::text::parse_json(line, 64);
  CHANCERY_CHECK(parsed.has_value() && parsed->is_object());
  client::Page page;
  page.notices = {*notice};
  const client::Page read = client::detail::page_of(client::page_line(page));
  CHANCERY_CHECK(client::notice_json(read.notices.at(0)) == client::notice_json(*notice));
  CHANCERY_CHECK(is_printable(cli::inbox_line(*notice), false));
  CHANCERY_CHECK(is_printable(cli::sheet(details), true));
  return 0;
}
