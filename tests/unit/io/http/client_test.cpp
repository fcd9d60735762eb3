#include "io/http/client.h"

#include <gtest/gtest.h>

namespace chancery::http {
namespace {

std::string fault(std::string_view text) {
  const Result<Url> url = parse_url(text);
  return url.has_value() ? "good" : url.error().to_string();
}

TEST(UrlTest, HasItsPartsAsTheyWereWritten) {
  EXPECT_EQ(parse_url("https://pager.example").value(), (Url{.secure = true,
                                                             .host = "pager.example",
                                                             .port = 443,
                                                             .target = "/",
                                                             .authority = "pager.example"}));
  EXPECT_EQ(parse_url("http://127.0.0.1:8080/a/b?c=%20d").value(),
            (Url{.secure = false,
                 .host = "127.0.0.1",
                 .port = 8080,
                 .target = "/a/b?c=%20d",
                 .authority = "127.0.0.1:8080"}));
  EXPECT_EQ(parse_url("http://[2001:db8::a]?x").value(), (Url{.secure = false,
                                                              .host = "2001:db8::a",
                                                              .port = 80,
                                                              .target = "/?x",
                                                              .authority = "[2001:db8::a]"}));
  EXPECT_EQ(parse_url("https://[::1]:65535").value().port, 65535);
}

TEST(UrlTest, ThatCannotBeIsRefused) {
  for (const std::string_view none : {"",
                                      "pager.example",
                                      "ftp://pager.example",
                                      "HTTPS://pager.example",
                                      "https://",
                                      "https:///x",
                                      "https://:443",
                                      "https://a b",
                                      "https://a/\r\nX: y",
                                      "https://a/\x7f",
                                      "https://ü",
                                      "https://user@a",
                                      "https://user:word@a/",
                                      "https://a/#part",
                                      "https://a:0",
                                      "https://a:65536",
                                      "https://a:",
                                      "https://a:08",
                                      "https://a:8x",
                                      "https://a,b",
                                      "https://[::1",
                                      "https://[a]",
                                      "https://[::1]x",
                                      "https://a\\b"}) {
    EXPECT_TRUE(fault(none).starts_with("config-invalid")) << none;
  }
  EXPECT_TRUE(fault("https://user:word@a/").contains("no user"));
  const std::string longest = "https://a/" + std::string(kUrlBytesMax - 10, 'x');
  EXPECT_EQ(fault(longest), "good");
  EXPECT_TRUE(fault(longest + "x").starts_with("config-invalid"));
  EXPECT_EQ(fault("https://" + std::string(253, 'a')), "good");
  EXPECT_TRUE(fault("https://" + std::string(254, 'a')).starts_with("config-invalid"));
}

TEST(PostTest, WhereNobodyListensNobodyHeardIt) {
  const Posted posted = post({.url = "http://127.0.0.1:1/",
                              .body = "{}",
                              .type = "application/json",
                              .step_time_max = std::chrono::seconds(20)});
  EXPECT_FALSE(posted.status.has_value());
  EXPECT_FALSE(posted.may_be_heard);
  EXPECT_EQ(posted.fault, "no connection");
}

}  // namespace
}  // namespace chancery::http
