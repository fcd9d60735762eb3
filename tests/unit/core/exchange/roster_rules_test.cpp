#include "core/exchange/roster_rules.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "core/exchange/limits.h"
#include "tests/support/exchange.h"
#include "tests/support/outcome.h"

namespace chancery::exchange {
namespace {

using Change = std::function<void(v1::Roster&)>;

std::string checked(const Change& change) {
  v1::Roster roster = test::founding_roster({.institution = true, .partner = true});
  change(roster);
  return test::outcome(check_roster(roster));
}

std::string member(const std::function<void(v1::Member&)>& change) {
  return checked([&](v1::Roster& r) { change(*r.mutable_members(0)); });
}

std::string hub(const std::function<void(v1::HubIdentity&)>& change) {
  return checked([&](v1::Roster& r) { change(*r.mutable_hub()); });
}

using R = v1::Roster;
using M = v1::Member;
using H = v1::HubIdentity;

TEST(RosterRulesTest, TheRosterOfTheTestsIsGood) {
  EXPECT_EQ(checked([](R&) {}), "good");
}

// C-78
TEST(RosterRulesTest, MembersAscendAndAreWhole) {
  EXPECT_EQ(checked([](R& r) { r.mutable_members()->SwapElements(0, 1); }), "invalid-entry");
  EXPECT_EQ(checked([](R& r) { r.mutable_members(1)->set_code("AM"); }), "invalid-entry");
  EXPECT_EQ(member([](M& m) { m.set_code("am"); }), "invalid-entry");
  EXPECT_EQ(member([](M& m) { m.clear_role(); }), "invalid-entry");
  EXPECT_EQ(member([](M& m) { m.set_ceiling("cosmic"); }), "invalid-entry");
  EXPECT_EQ(member([](M& m) { m.clear_ceiling(); }), "good");
  EXPECT_EQ(member([](M& m) { m.clear_authority_key(); }), "malformed");
  EXPECT_EQ(member([](M& m) { m.set_authority_key(test::agreement_public("x").spki()); }),
            "invalid-entry");
}

// C-78
TEST(RosterRulesTest, PatternsAscendAndArePatterns) {
  EXPECT_EQ(member([](M& m) { m.add_publish("contact"); }), "good");  // After "*".
  EXPECT_EQ(member([](M& m) { m.add_publish("*"); }), "invalid-entry");
  EXPECT_EQ(member([](M& m) { m.add_receive("Contact"); }), "invalid-entry");
  EXPECT_EQ(checked([](R& r) { r.add_sealed_kinds("contact"); }), "invalid-entry");
  EXPECT_EQ(checked([](R& r) { r.add_sealed_kinds("training"); }), "good");
}

// C-78
TEST(RosterRulesTest, AssentAndFaultyMaxFitTheMembers) {
  EXPECT_EQ(checked([](R& r) { r.clear_assent(); }), "invalid-entry");
  EXPECT_EQ(checked([](R& r) { r.set_assent(1); }), "good");
  EXPECT_EQ(checked([](R& r) { r.set_assent(6); }), "good");
  EXPECT_EQ(checked([](R& r) { r.set_assent(7); }), "invalid-entry");  // SEC and UN do not vote.
  EXPECT_EQ(checked([](R& r) { r.set_faulty_max(5); }), "good");
  EXPECT_EQ(checked([](R& r) { r.set_faulty_max(6); }), "invalid-entry");
  EXPECT_EQ(checked([](R& r) { r.clear_members(); }), "invalid-entry");
}

// C-78
TEST(RosterRulesTest, ClassificationsAreNamedOnceEach) {
  EXPECT_EQ(checked([](R& r) { r.add_classifications("open"); }), "invalid-entry");
  EXPECT_EQ(checked([](R& r) { r.add_classifications(""); }), "invalid-entry");
  EXPECT_EQ(checked([](R& r) { r.add_classifications("above"); }), "good");
}

// C-78
TEST(RosterRulesTest, RulesNamePatternsAndNumbers) {
  EXPECT_EQ(checked([](R& r) { r.add_releases()->set_kinds("contact"); }), "invalid-entry");
  EXPECT_EQ(checked([](R& r) { r.add_releases()->set_people(1); }), "invalid-entry");
  EXPECT_EQ(checked([](R& r) { r.add_retention()->set_kinds("*"); }), "invalid-entry");
  EXPECT_EQ(checked([](R& r) { r.add_retention()->set_days(1); }), "invalid-entry");
  EXPECT_EQ(checked([](R& r) {
              r.add_releases()->set_kinds("contact");
              r.mutable_releases(0)->set_people(2);
              r.add_retention()->set_kinds("*");
              r.mutable_retention(0)->set_days(365);
            }),
            "good");
  EXPECT_EQ(checked([](R& r) { r.add_algorithms("rsa"); }), "invalid-entry");
}

// C-78: with two, who may set it would depend on which one is found first.
TEST(RosterRulesTest, AStateHasOneRule) {
  EXPECT_EQ(checked([](R& r) { r.add_states()->set_name("drill"); }), "good");
  EXPECT_EQ(checked([](R& r) {
              r.add_states()->set_name("drill");
              r.add_states()->set_name("drill");
              r.mutable_states(r.states_size() - 1)->add_members("AM");
            }),
            "invalid-entry");
}

// C-78
TEST(RosterRulesTest, HeaderVersionIsTheOneThatThisProtocolReads) {
  EXPECT_EQ(checked([](R& r) { r.set_header_version(2); }), "unknown-version");
  EXPECT_EQ(checked([](R& r) { r.clear_header_version(); }), "unknown-version");
}

// C-78
TEST(RosterRulesTest, TheHubIsNamedWithItsKeys) {
  EXPECT_EQ(checked([](R& r) { r.clear_hub(); }), "invalid-entry");
  EXPECT_EQ(hub([](H& h) { h.clear_origin_line(); }), "invalid-entry");
  EXPECT_EQ(hub([](H& h) { h.set_origin_line("two words"); }), "invalid-entry");
  EXPECT_EQ(hub([](H& h) { h.set_origin_line("a+b"); }), "invalid-entry");
  EXPECT_EQ(hub([](H& h) { h.clear_log_keys(); }), "invalid-entry");
  EXPECT_EQ(hub([](H& h) { h.add_log_keys(test::agreement_public("x").spki()); }), "invalid-entry");
  EXPECT_EQ(hub([](H& h) { h.clear_transport_key(); }), "malformed");
  EXPECT_EQ(hub([](H& h) { h.mutable_continues()->set_root("short"); }), "invalid-entry");
  EXPECT_EQ(hub([](H& h) { h.mutable_continues()->set_root(std::string(32, 'r')); }), "good");
}

// C-25
TEST(RosterRulesTest, EachLimitHoldsAtItAndNotOneOver) {
  const auto members = [](std::size_t count) {
    return checked([&](R& r) {
      r.clear_members();
      const v1::Member one = test::roster_member("A", v1::MEMBER_ROLE_MEMBER);
      for (std::size_t i = 0; i < count; ++i) {
        *r.add_members() = one;
        r.mutable_members(static_cast<int>(i))->set_code("M" + std::to_string(10'000 + i));
      }
    });
  };
  EXPECT_EQ(members(kMemberCountMax), "good");
  EXPECT_EQ(members(kMemberCountMax + 1), "limit-exceeded");
  const auto patterns = [](std::size_t count) {
    return member([&](M& m) {
      m.clear_publish();
      for (std::size_t i = 0; i < count; ++i) {
        m.add_publish("kind" + std::to_string(10'000 + i));
      }
    });
  };
  EXPECT_EQ(patterns(kPatternCountMax), "good");
  EXPECT_EQ(patterns(kPatternCountMax + 1), "limit-exceeded");
  const auto receivable = [](std::size_t count) {
    return member([&](M& m) {
      m.clear_receive();
      for (std::size_t i = 0; i < count; ++i) {
        m.add_receive("kind" + std::to_string(10'000 + i));
      }
    });
  };
  EXPECT_EQ(receivable(kPatternCountMax), "good");
  EXPECT_EQ(receivable(kPatternCountMax + 1), "limit-exceeded");
  const auto sealed_kinds = [](std::size_t count) {
    return checked([&](R& r) {
      r.clear_sealed_kinds();
      for (std::size_t i = 0; i < count; ++i) {
        r.add_sealed_kinds("kind" + std::to_string(10'000 + i));
      }
    });
  };
  EXPECT_EQ(sealed_kinds(kPatternCountMax), "good");
  EXPECT_EQ(sealed_kinds(kPatternCountMax + 1), "limit-exceeded");
  const auto classifications = [](std::size_t count) {
    return checked([&](R& r) {
      while (static_cast<std::size_t>(r.classifications_size()) < count) {
        r.add_classifications("level " + std::to_string(r.classifications_size()));
      }
    });
  };
  EXPECT_EQ(classifications(kClassificationCountMax), "good");
  EXPECT_EQ(classifications(kClassificationCountMax + 1), "limit-exceeded");
  const auto log_keys = [](std::size_t count) {
    return hub([&](H& h) {
      while (static_cast<std::size_t>(h.log_keys_size()) < count) {
        h.add_log_keys(test::signing_public("log " + std::to_string(h.log_keys_size())).spki());
      }
    });
  };
  EXPECT_EQ(log_keys(kLogKeyCountMax), "good");
  EXPECT_EQ(log_keys(kLogKeyCountMax + 1), "limit-exceeded");
  EXPECT_EQ(member([](M& m) { m.set_name(std::string(kNameBytesMax, 'n')); }), "good");
  EXPECT_EQ(member([](M& m) { m.set_name(std::string(kNameBytesMax + 1, 'n')); }), "invalid-entry");
  EXPECT_EQ(hub([](H& h) { h.set_origin_line(std::string(kNameBytesMax, 'o')); }), "good");
  EXPECT_EQ(hub([](H& h) { h.set_origin_line(std::string(kNameBytesMax + 1, 'o')); }),
            "invalid-entry");
}

}  // namespace
}  // namespace chancery::exchange
