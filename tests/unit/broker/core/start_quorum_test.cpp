#include "broker/core/start_quorum.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/exchange.h"
#include "tests/support/keys.h"

namespace chancery::broker {
namespace {

using Codes = std::vector<std::string>;
using test::TestExchange;

// C-150
TEST(StartQuorumTest, IsThereAtOnceWhereTheLogIsEmpty) {
  EXPECT_TRUE(StartQuorum(true).is_there());
  EXPECT_FALSE(StartQuorum(false).is_there());
}

TEST(StartQuorumTest, IsThereOnceFourOfSixMembersCameAndStays) {
  const TestExchange exchange({.institution = true});
  StartQuorum quorum(false);
  for (const std::string member : {"RU", "AM", "AM", "SEC", "KZ"}) {
    quorum.met(member, exchange.directory());
    EXPECT_FALSE(quorum.is_there()) << member;
  }
  const StartProgress before = quorum.progress(exchange.directory());
  EXPECT_EQ(before.needed, 4U);
  EXPECT_EQ(before.met, (Codes{"AM", "KZ", "RU"}));
  EXPECT_EQ(before.awaited, (Codes{"BY", "KG", "TJ"}));
  quorum.met("TJ", exchange.directory());
  EXPECT_TRUE(quorum.is_there());
  EXPECT_EQ(quorum.progress(exchange.directory()).awaited, (Codes{"BY", "KG"}));
}

TEST(StartQuorumTest, AwaitsAllWhereTheDirectoryHasFewerThanAQuorum) {
  TestExchange exchange({.adjust_roster = [](v1::Roster& roster) { roster.set_faulty_max(5); }});
  exchange::Directory directory = exchange.directory();
  for (const std::string member : {"KG", "RU", "TJ"}) {
    const Hash node = test::signing_public(test::node_key_name(member, 1, "signing")).id();
    const Codes authority = {test::authority_name(member)};
    test::must(directory.apply(
        exchange.parse(exchange.entry(test::revocation_of(node), authority, directory)),
        exchange.cache()));
  }
  StartQuorum quorum(false);
  EXPECT_EQ(quorum.progress(directory).needed, 3U);
  quorum.met("AM", directory);
  quorum.met("BY", directory);
  quorum.met("RU", directory);  // Its node is revoked.
  EXPECT_FALSE(quorum.is_there());
  quorum.met("KZ", directory);
  EXPECT_TRUE(quorum.is_there());
}

}  // namespace
}  // namespace chancery::broker
