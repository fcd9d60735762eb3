#include "core/exchange/witnesses.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "core/ledger/checkpoint.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/log.h"

namespace chancery::exchange {
namespace {

using test::ExchangeOptions;
using test::must;
using test::TestExchange;

std::vector<std::string> names_of(const WitnessSet& set) {
  std::vector<std::string> names;
  names.reserve(set.keys.size());
  for (const ledger::NoteKey& key : set.keys) {
    names.push_back(key.name);
  }
  return names;
}

Directory applied(const Directory& before, const TestExchange& exchange,
                  const std::string& envelope) {
  Directory after = before;
  RootCache cache;
  must(after.apply(exchange.parse(envelope), cache));
  return after;
}

ExchangeOptions with_faulty_max(std::uint32_t count) {
  return {.adjust_roster = [count](v1::Roster& roster) { roster.set_faulty_max(count); }};
}

// Times of so many witnesses, the first of the set.
std::vector<ledger::Cosignature> at(const std::vector<std::uint64_t>& times) {
  std::vector<ledger::Cosignature> cosignatures;
  cosignatures.reserve(times.size());
  for (const std::uint64_t time : times) {
    cosignatures.push_back({.witness = cosignatures.size(), .time_s = time});
  }
  return cosignatures;
}

// C-180
TEST(WitnessesTest, AreTheMembersKeysUnderNamesOfTheLogAndTheMember) {
  const TestExchange exchange;
  const WitnessSet set = witnesses_of(exchange.directory());
  const std::string origin = exchange.roster().hub().origin_line() + "/";
  EXPECT_EQ(names_of(set), (std::vector<std::string>{origin + "AM", origin + "BY", origin + "KG",
                                                     origin + "KZ", origin + "RU", origin + "TJ"}));
  for (const ledger::NoteKey& key : set.keys) {
    const std::string member = key.name.substr(origin.size());
    EXPECT_EQ(key.type, ledger::kNoteCosignature);
    EXPECT_EQ(key.key, test::signing_public(test::node_key_name(member, 1, "witness")));
  }
}

// C-180: neither who has no key, nor who has lost it, nor who is no member.
TEST(WitnessesTest, OnlyOfActiveNodesOfMembers) {
  TestExchange exchange({.institution = true, .partner = true});
  const auto without_node = [&](const Directory& before, const std::string& member) {
    const Hash node = test::signing_public(test::node_key_name(member, 1, "signing")).id();
    const std::vector<std::string> authority = {test::authority_name(member)};
    return applied(before, exchange, exchange.entry(test::revocation_of(node), authority, before));
  };
  Directory founded = without_node(exchange.directory(), "SEC");
  founded = applied(founded, exchange, exchange.enrol(test::node_entry("SEC", 2), founded));
  EXPECT_EQ(witnesses_of(founded).keys.size(), 6U);
  const Directory without = without_node(founded, "BY");
  const WitnessSet fewer = witnesses_of(without);
  EXPECT_EQ(fewer.keys.size(), 5U);
  const v1::DirectoryEntry keyless = test::node_entry("BY", 2, /*voice=*/true, /*witness=*/false);
  const Directory again = applied(without, exchange, exchange.enrol(keyless, without));
  EXPECT_EQ(witnesses_of(again), fewer) << "a node without a witness key";
}

// C-181
TEST(WitnessesTest, AQuorumIsMoreThanHalfOfThemAndTheBad) {
  for (const auto& [faulty_max, quorum] :
       std::vector<std::pair<std::uint32_t, std::size_t>>{{0, 4}, {1, 4}, {2, 5}, {3, 5}, {5, 6}}) {
    const TestExchange exchange(with_faulty_max(faulty_max));
    EXPECT_EQ(witnesses_of(exchange.directory()).quorum, quorum) << faulty_max;
  }
}

// C-181: any two quorums share one that is good, for whatever number of witnesses.
TEST(WitnessesTest, TwoQuorumsShareAGoodOne) {
  TestExchange exchange(with_faulty_max(1));
  Directory directory = exchange.directory();
  for (const char* const member : {"TJ", "RU", "KZ", "KG", "BY", "AM"}) {
    const WitnessSet set = witnesses_of(directory);
    EXPECT_GT(2 * set.quorum, set.keys.size() + exchange.roster().faulty_max());
    const Hash node = test::signing_public(test::node_key_name(member, 1, "signing")).id();
    const std::vector<std::string> authority = {test::authority_name(member)};
    directory = applied(directory, exchange,
                        exchange.entry(test::revocation_of(node), authority, directory));
  }
  const WitnessSet none = witnesses_of(directory);
  EXPECT_TRUE(none.keys.empty());
  EXPECT_EQ(quorum_time(none, {}), std::nullopt) << "nobody is no quorum";
}

// C-181
TEST(WitnessesTest, TheTimeOfAQuorumIsThatOfItsOldest) {
  const WitnessSet set{.keys = {}, .quorum = 4};
  EXPECT_EQ(quorum_time(set, at({9, 9, 9})), std::nullopt);
  EXPECT_EQ(quorum_time(set, at({7, 9, 8, 10})), 7U);
  EXPECT_EQ(quorum_time(set, at({7, 1, 9, 8, 10, 2})), 7U) << "of the newest quorum";
}

class CosignedTest : public testing::Test {
 protected:
  CosignedTest() {
    const std::vector<std::string> log_key = {"hub log 1"};
    text_ = test::signed_checkpoint(exchange_.roster().hub().origin_line(), 3,
                                    ledger::tree_root({}), log_key);
    body_ = must(ledger::parse_note(text_)).text;
  }

  // With a line of each of these members, and of the time.
  [[nodiscard]] ledger::Note cosigned_by(const std::vector<std::string>& members,
                                         std::uint64_t time_s = 100) const {
    std::string text = text_;
    for (const std::string& member : members) {
      const auto signer = test::key_signer(test::node_key_name(member, 1, "witness"));
      const std::string signature =
          must(signer->sign(as_bytes(ledger::cosignature_message(time_s, body_))));
      text += ledger::cosignature_line(
          {.name = witness_name(exchange_.roster().hub().origin_line(), member),
           .type = ledger::kNoteCosignature,
           .key = signer->public_key()},
          time_s, as_bytes(signature));
    }
    return must(ledger::parse_note(text));
  }

  TestExchange exchange_{with_faulty_max(1)};
  std::string text_;
  std::string body_;
};

// C-181
TEST_F(CosignedTest, ANoteIsAtQuorumWithSoManyLinesAndNotOneFewer) {
  const WitnessSet set = witnesses_of(exchange_.directory());
  const auto time_of = [&](const std::vector<std::string>& members) {
    return must(quorum_time(cosigned_by(members), std::span(&set, 1)));
  };
  EXPECT_EQ(time_of({"AM", "BY", "TJ"}), std::nullopt);
  EXPECT_EQ(time_of({"AM", "BY", "TJ", "KZ"}), 100U);
  EXPECT_EQ(time_of({"AM", "BY", "TJ", "TJ"}), std::nullopt) << "twice is once";
}

// C-181
TEST_F(CosignedTest, ABadLineOfAWitnessRefusesTheNote) {
  const WitnessSet set = witnesses_of(exchange_.directory());
  ledger::Note note = cosigned_by({"AM", "BY", "TJ", "KZ", "RU"});
  note.signatures.back().signature.back() ^= 1;
  const auto time = quorum_time(note, std::span(&set, 1));
  ASSERT_FALSE(time.has_value());
  EXPECT_EQ(time.error().code, ErrorCode::kBadCheckpoint);
}

// C-182
TEST_F(CosignedTest, WhatChangesTheWitnessesIsAtQuorumUnderBothSets) {
  const Directory& before = exchange_.directory();
  Directory after = before;
  for (const char* const member : {"AM", "BY"}) {
    const Hash node = test::signing_public(test::node_key_name(member, 1, "signing")).id();
    const std::vector<std::string> authority = {test::authority_name(member)};
    after = applied(after, exchange_, exchange_.entry(test::revocation_of(node), authority, after));
  }
  const std::array sets = {witnesses_of(before), witnesses_of(after)};
  ASSERT_EQ(sets[1].quorum, 3U);
  const auto time_of = [&](const std::vector<std::string>& members) {
    return must(quorum_time(cosigned_by(members), sets));
  };
  EXPECT_EQ(time_of({"AM", "BY", "KG", "KZ"}), std::nullopt) << "of the new set two";
  EXPECT_EQ(time_of({"KG", "KZ", "RU"}), std::nullopt) << "of the old set three";
  EXPECT_EQ(time_of({"KG", "KZ", "RU", "TJ"}), 100U);
  EXPECT_EQ(time_of({"AM", "KG", "KZ", "RU"}), 100U);
}

}  // namespace
}  // namespace chancery::exchange
