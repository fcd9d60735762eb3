#include "io/http/address.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace chancery::http {
namespace {

TEST(HttpAddress, TakesLoopback) {
  EXPECT_EQ(parse_loopback("127.0.0.1:9464"), (Address{.host = "127.0.0.1", .port = 9464}));
  EXPECT_EQ(parse_loopback("127.1.2.3:1"), (Address{.host = "127.1.2.3", .port = 1}));
  EXPECT_EQ(parse_loopback("[::1]:65535"), (Address{.host = "::1", .port = 65535}));
}

TEST(HttpAddress, RefusesWhatOthersReachAndNamesTheRemedy) {
  for (const std::string_view text :
       {"0.0.0.0:9464", "10.0.0.1:9464", "[::]:9464", "[::ffff:127.0.0.1]:9464", "*:9464",
        "localhost:9464", "::1:9464", "127.1:9464", ":9464", "128.0.0.1:9464"}) {
    const Result<Address> parsed = parse_loopback(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kConfigInvalid);
    EXPECT_TRUE(parsed.error().detail.contains("reverse proxy")) << text;
  }
  using std::string_view_literals::operator""sv;
  EXPECT_FALSE(parse_loopback("127.0.0.1\0x:9464"sv).has_value());
}

TEST(HttpAddress, RefusesWhatIsNoPort) {
  for (const std::string_view text :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:09464",
        "127.0.0.1:94x", "127.0.0.1:-1", "127.0.0.1:+1", "[::1]"}) {
    EXPECT_FALSE(parse_loopback(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace chancery::http
