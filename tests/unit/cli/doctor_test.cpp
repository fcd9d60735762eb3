#include "cli/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace chancery::cli {
namespace {

constexpr std::uint64_t kNow = 1'800'000'000'000;

// A node that has nothing to complain about.
text::Json node() {
  return {{"alarm", nullptr},
          {"enrolled", true},
          {"witness", {{"active", true}, {"size", 27}, {"fault", ""}}},
          {"pairs", {{"BY", {{"stated", 27}, {"compared", 25}}}}},
          {"disputes", text::Json::array()},
          {"overdue", text::Json::array()},
          {"hub",
           {{"endpoint", "tcp://127.0.0.1:1"},
            {"link", "up"},
            {"size", 27},
            {"fault", ""},
            {"damaged", text::Json::array()}}},
          {"log", {{"size", 27}, {"accepted_at_ms", kNow - 5000}}},
          {"outbox", {{"aside", 0}}},
          {"disk", {{"level", "ample"}, {"free_bytes", 1000}}},
          {"quarantine", {{"count", 0}}},
          {"inbox", {{"shown", 5}, {"void", 0}, {"unopenable", 0}}},
          {"queues", {{"outbox", {{"items", 90}, {"items_max", 100}}}}}};
}

Finding finding_of(const text::Json& status, const std::string& part,
                   const Expectations& expectations = {.now_ms = kNow}) {
  const std::vector<Finding> findings = findings_of(status, expectations);
  const auto found = std::ranges::find(findings, part, &Finding::part);
  EXPECT_NE(found, findings.end()) << part;
  return found == findings.end() ? Finding{} : *found;
}

TEST(DoctorTest, AllPartsOfAWellNodeAreGood) {
  const std::vector<Finding> findings = findings_of(node(), {.now_ms = kNow});
  EXPECT_EQ(findings.size(), 12U);
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.health, Health::kGood) << finding.part << ": " << finding.detail;
    EXPECT_TRUE(finding.remedy.empty()) << finding.part;
  }
}

TEST(DoctorTest, AHubHasNoLinkAndNoEnrolment) {
  text::Json hub = node();
  for (const char* const key : {"hub", "outbox", "enrolled", "inbox"}) {
    hub.erase(key);
  }
  hub["admission"] = {{"open", true}, {"needed", 4}, {"met", {"AM"}}, {"awaited", {"BY"}}};
  EXPECT_EQ(findings_of(hub, {.now_ms = kNow}).size(), 7U);

  const auto admission = [&] {
    for (const Finding& finding : findings_of(hub, {.now_ms = kNow})) {
      if (finding.part == "admission") {
        return finding;
      }
    }
    return Finding{};
  };
  EXPECT_EQ(admission().detail, "open");
  hub["admission"]["open"] = false;
  EXPECT_EQ(admission().health, Health::kWarning);
  EXPECT_EQ(admission().detail,
            R"(1 of 4 members that have to meet the hub have; it awaits ["BY"])");
  hub["alarm"] = {{"error", "admission-stopped"}, {"detail", "of another size"}};
  EXPECT_EQ(admission().detail, "stopped by the alarm");
}

TEST(DoctorTest, EachTroubleIsNamedWithItsRemedy) {
  struct Case {
    std::string pointer;
    text::Json value;
    std::string part;
    Health health;
    std::string says;
  };
  const std::vector<Case> cases = {
      {"/alarm",
       {{"error", "root-mismatch"}, {"detail", "at 7"}},
       "trust",
       Health::kBad,
       "root-mismatch: at 7"},
      {"/hub/link", "down", "link", Health::kBad, "down"},
      {"/hub/fault", "admission-stopped", "link", Health::kWarning, "admission-stopped"},
      {"/hub/fault", "node-runs-elsewhere: ours", "link", Health::kWarning, "elsewhere: ours"},
      {"/enrolled", false, "directory", Health::kBad, "does not list"},
      {"/hub/size", 27 + 1025, "log", Health::kWarning, "1025 behind"},
      {"/log/accepted_at_ms", kNow + 60'001, "clock", Health::kBad, "60 s ahead"},
      {"/outbox/aside", 2, "clock", Health::kBad, "2 notices expired"},
      {"/disk/level", "warning", "disk", Health::kWarning, "1000 bytes"},
      {"/disk/level", "urgent-only", "disk", Health::kBad, "urgent-only"},
      {"/disk/level", "full", "disk", Health::kBad, "full"},
      {"/quarantine/count", 3, "store", Health::kBad, "3 stored records"},
      {"/hub/damaged", {4, 5}, "store", Health::kWarning, "2 entries"},
      {"/inbox/void", 1, "inbox", Health::kWarning, "1 deliveries are void, 0 unopenable"},
      {"/inbox/unopenable", 2, "inbox", Health::kWarning, "0 deliveries are void, 2 unopenable"},
      {"/disputes",
       {{{"peer", "BY"}, {"error", "statement-mismatch"}, {"detail", "by BY: 11"}}},
       "pairs",
       Health::kBad,
       "statement-mismatch: by BY: 11"},
      {"/overdue",
       {{{"what", "logged"}, {"urgent", true}, {"detail", "notice 4b"}}},
       "overdue",
       Health::kBad,
       "not logged: notice 4b"},
      {"/overdue",
       {{{"what", "delivered"}, {"urgent", false}, {"detail", "BY"}}},
       "overdue",
       Health::kWarning,
       "not delivered: BY"},
      {"/queues/outbox/items", 91, "queues", Health::kWarning, "outbox 91 of 100 items"},
  };
  for (const Case& item : cases) {
    text::Json status = node();
    status[text::Json::json_pointer(item.pointer)] = item.value;
    const Finding finding = finding_of(status, item.part);
    EXPECT_EQ(finding.health, item.health) << item.pointer;
    EXPECT_NE(finding.detail.find(item.says), std::string::npos) << finding.detail;
    EXPECT_FALSE(finding.remedy.empty()) << item.pointer;
  }
}

TEST(DoctorTest, TheAgeOfTheLogCountsWhereItIsAskedFor) {
  EXPECT_EQ(finding_of(node(), "log", {.now_ms = kNow, .log_age_max_ms = 5000}).health,
            Health::kGood);
  EXPECT_EQ(finding_of(node(), "log", {.now_ms = kNow, .log_age_max_ms = 4999}).health,
            Health::kWarning);
}

// They are kept for good, and any member can send one that does not open: a warning that never ends
// would hide what comes next.
TEST(DoctorTest, WhatIsVoidOrUnopenableIsNoNewsWhereItIsKnown) {
  text::Json status = node();
  status["inbox"]["void"] = 1;
  status["inbox"]["unopenable"] = 2;
  const Finding unknown = finding_of(status, "inbox", {.now_ms = kNow, .unshown_known = 2});
  EXPECT_EQ(unknown.health, Health::kWarning);
  for (const char* const says : {"void-entry", "unopenable-entry", "--unshown-known 3"}) {
    EXPECT_NE(unknown.remedy.find(says), std::string::npos) << unknown.remedy;
  }
  const Finding known = finding_of(status, "inbox", {.now_ms = kNow, .unshown_known = 3});
  EXPECT_EQ(known.health, Health::kGood);
  EXPECT_TRUE(known.remedy.empty());
}

}  // namespace
}  // namespace chancery::cli
