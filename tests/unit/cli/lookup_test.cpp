#include "cli/lookup.h"

#include <gtest/gtest.h>

#include "io/os/file.h"
#include "tests/unit/io/os/temporary_folder.h"

namespace chancery::cli {
namespace {

Error missing() {
  return {ErrorCode::kFileMissing, "x/ay/node.toml"};
}

class LookupTest : public testing::Test {
 protected:
  void make_exchange(const std::string& members) {
    EXPECT_TRUE(os::replace_file(
                    folder_ / "exchange.toml",
                    "name = \"T\"\ngenesis = \"g\"\nhub = \"h\"\nmembers = [" + members + "]\n",
                    0600)
                    .has_value());
  }
  Error explain(std::string_view name, Meant meant, const Error& error = missing()) {
    return explain_missing(folder_.path(), name, meant, error);
  }

  os::TemporaryFolder folder_;
};

TEST_F(LookupTest, TheNearestIsNamedOrAllThereAre) {
  EXPECT_EQ(not_among("verb", "publsh", {"inbox", "publish"}),
            "no verb 'publsh': did you mean 'publish'?");
  EXPECT_EQ(not_among("verb", "frobnicate", {"inbox", "publish"}),
            "no verb 'frobnicate': there are inbox, publish");
  EXPECT_EQ(not_among("cursor", "desk", {}), "no cursor 'desk': there is none");
}

TEST_F(LookupTest, AnUnknownKindIsNamedWithTheNearest) {
  EXPECT_TRUE(require_kind("threat.alert").has_value());
  const Result<void> unknown = require_kind("threat.alrt");
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().to_string(),
            "invalid-kind: no kind 'threat.alrt': did you mean 'threat.alert'?");
}

TEST_F(LookupTest, AMemberThatTheExchangeDoesNotHaveIsNotFoundAndTheOthersAreListed) {
  make_exchange(R"("AM", "BY")");
  EXPECT_EQ(explain("AY", Meant::kMember).to_string(),
            "not-found: no member 'AY' in " + folder_.path() + ": there are AM, BY");
  EXPECT_EQ(explain("hbu", Meant::kDaemon).to_string(),
            "not-found: no daemon 'hbu' in " + folder_.path() + ": there are hub, AM, BY");
}

TEST_F(LookupTest, AFileOfAMemberThatIsThereIsMissing) {
  make_exchange(R"("AM", "BY")");
  EXPECT_EQ(explain("AM", Meant::kMember).to_string(), missing().to_string());
}

TEST_F(LookupTest, AFolderThatIsNoExchangeIsNamedSo) {
  const Error error = explain("AM", Meant::kDaemon);
  EXPECT_EQ(error.code, ErrorCode::kFileMissing);
  EXPECT_NE(error.detail.find(folder_ / "exchange.toml"), std::string::npos);
  EXPECT_NE(error.detail.find("expected the folder of a trial exchange"), std::string::npos);
}

TEST_F(LookupTest, AnotherErrorStaysAsItIs) {
  make_exchange(R"("AM")");
  const Error other{ErrorCode::kConfigInvalid, "x/ay/node.toml:3"};
  EXPECT_EQ(explain("AY", Meant::kDaemon, other).to_string(), other.to_string());
}

TEST_F(LookupTest, AtMostFortyAreListed) {
  std::string members;
  for (int i = 0; i < 40; ++i) {
    members += (i == 0 ? "\"M" : ", \"M") + std::to_string(i) + "\"";
  }
  make_exchange(members);
  EXPECT_EQ(explain("X", Meant::kMember).detail.find(" more"), std::string::npos);
  make_exchange(members + R"(, "N")");
  EXPECT_TRUE(explain("X", Meant::kMember).detail.ends_with("M39 and 1 more"));
}

}  // namespace
}  // namespace chancery::cli
