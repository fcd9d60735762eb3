#include "daemon/vitals.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "io/os/clock.h"
#include "tests/support/keys.h"
#include "tests/support/outcome.h"

namespace chancery::daemon {
namespace {

Result<std::string> http_of(const std::string& text) {
  text::TomlTable root = test::must(text::TomlTable::parse(text, "hub.toml"));
  CHANCERY_TRY(std::string listen, read_listen(root, "http"));
  CHANCERY_TRY_VOID(root.finish());
  return listen;
}

TEST(VitalsConfig, WithoutATableNobodyListens) {
  EXPECT_EQ(test::must(http_of("")), "");
  EXPECT_EQ(test::must(http_of("[http]\nlisten = \"127.0.0.1:9464\"\n")), "127.0.0.1:9464");
}

TEST(VitalsConfig, ItIsStrict) {
  EXPECT_EQ(test::outcome(http_of("[http]\n")), "config-invalid");
  EXPECT_EQ(test::outcome(http_of("[http]\nlisten = 9464\n")), "config-wrong-type");
  EXPECT_EQ(test::outcome(http_of("[http]\nlisten = \"127.0.0.1:1\"\nport = 1\n")),
            "config-unknown-key");
}

TEST(VitalsConfig, AnotherAddressNamesTheRemedy) {
  const Result<std::string> other = http_of("[http]\nlisten = \"0.0.0.0:9464\"\n");
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, ErrorCode::kConfigInvalid);
  EXPECT_TRUE(other.error().detail.starts_with("hub.toml:2: http.listen: "));
  EXPECT_TRUE(other.error().detail.contains("reverse proxy"));
}

constexpr std::array<Metric, 1> kTable = {{{.name = "n", .help = "N", .where = "n"}}};

std::optional<std::string> no_seven(const text::Json& status) {
  return status.at("n") == 7 ? std::optional("it is seven") : std::nullopt;
}

std::unique_ptr<Vitals> vitals() {
  return test::must(
      Vitals::start("", {.table = {.prefix = "x_", .metrics = kTable}, .not_ready = no_seven}));
}

int status_of(Vitals& of, const std::string& path) {
  return of.answer({.path = path, .accept = ""}).status;
}

TEST(Vitals, AnswersFromTheStatusThatTheLoopMade) {
  const std::unique_ptr<Vitals> of = vitals();
  of->tell(R"({"n":5})", os::steady_now());
  const http::Response metrics = of->answer({.path = "/metrics", .accept = ""});
  EXPECT_EQ(metrics.status, 200);
  EXPECT_TRUE(metrics.body.ends_with("x_n 5\n")) << metrics.body;
  for (const char* const path : {"/healthz", "/healthz/live", "/healthz/ready"}) {
    EXPECT_EQ(of->answer({.path = path, .accept = ""}).body, "ok\n") << path;
  }
  EXPECT_EQ(status_of(*of, "/"), 404);
  EXPECT_EQ(status_of(*of, "/metrics/"), 404);
}

TEST(Vitals, WhatIsNotReadyIsLive) {
  const std::unique_ptr<Vitals> of = vitals();
  of->tell(R"({"n":7})", os::steady_now());
  EXPECT_EQ(status_of(*of, "/healthz/live"), 200);
  for (const char* const path : {"/healthz", "/healthz/ready"}) {
    const http::Response health = of->answer({.path = path, .accept = ""});
    EXPECT_EQ(health.status, 503);
    EXPECT_EQ(health.body, "it is seven\n");
  }
  EXPECT_EQ(status_of(*of, "/metrics"), 200);
}

TEST(Vitals, ALoopThatDoesNotTurnIsNotLive) {
  const std::unique_ptr<Vitals> of = vitals();
  of->tell(R"({"n":5})", os::steady_now());
  EXPECT_FALSE(of->turned(os::steady_now() - Vitals::kTurnMax - std::chrono::seconds(1)));
  for (const char* const path : {"/healthz", "/healthz/live", "/healthz/ready"}) {
    const http::Response health = of->answer({.path = path, .accept = ""});
    EXPECT_EQ(health.status, 503) << path;
    EXPECT_EQ(health.body, "the loop has not turned for 11 s\n");
  }
  EXPECT_EQ(status_of(*of, "/metrics"), 200);
}

TEST(Vitals, NumbersThatAreOldAreNone) {
  const std::unique_ptr<Vitals> of = vitals();
  EXPECT_EQ(status_of(*of, "/metrics"), 503);
  of->tell(R"({"n":5})", os::steady_now() - Vitals::kOldMax - std::chrono::seconds(1));
  EXPECT_EQ(status_of(*of, "/metrics"), 503);
  EXPECT_EQ(status_of(*of, "/healthz/ready"), 503);
}

TEST(Vitals, WhyThereIsNoStatusIsSaid) {
  const std::unique_ptr<Vitals> of = vitals();
  of->tell(fail(ErrorCode::kIo, "the disk"), os::steady_now());
  const http::Response metrics = of->answer({.path = "/metrics", .accept = ""});
  EXPECT_EQ(metrics.status, 503);
  EXPECT_TRUE(metrics.body.contains("the disk")) << metrics.body;
  EXPECT_EQ(status_of(*of, "/healthz/ready"), 503);
}

TEST(Vitals, TheLoopMakesOneWhereOneIsWantedAndTheLastIsASecondOld) {
  const std::unique_ptr<Vitals> of = vitals();
  const Vitals::Time start = os::steady_now();
  EXPECT_FALSE(of->turned(start));  // Nobody asked.
  EXPECT_EQ(status_of(*of, "/metrics"), 503);
  EXPECT_TRUE(of->turned(start));
  of->tell(R"({"n":5})", start - Vitals::kMadeEvery);
  EXPECT_FALSE(of->turned(start));             // It has been answered.
  EXPECT_EQ(status_of(*of, "/metrics"), 200);  // With the old one: the loop made no newer.
  EXPECT_FALSE(of->turned(start - std::chrono::milliseconds(1)));
  EXPECT_TRUE(of->turned(start));
}

TEST(Vitals, WhoAsksWaitsForTheLoop) {
  const std::unique_ptr<Vitals> of = vitals();
  std::string body;
  std::thread asker([&] { body = of->answer({.path = "/metrics", .accept = ""}).body; });
  while (!of->turned(os::steady_now())) {
    std::this_thread::yield();
  }
  of->tell(R"({"n":6})", os::steady_now());
  asker.join();
  EXPECT_TRUE(body.ends_with("x_n 6\n")) << body;
}

}  // namespace
}  // namespace chancery::daemon
