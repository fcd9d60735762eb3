// Batches of the log from a lying hub: at most three, one after the other, as the input has them
// or, by its first bits, made to fit where the follower stands and signed with the log's key.
//
// Holds: a batch that is refused changes nothing; one that is taken is as long as its entries, ends
// at the size and root that the log's key signed, and changes the directory only where it is an
// entry.

#include "chancery/v1/link.pb.h"
#include "core/exchange/limits.h"
#include "core/exchange/log_follower.h"
#include "core/exchange/strict.h"
#include "core/ledger/checkpoint.h"
#include "tests/fuzz/input.h"
#include "tests/support/log.h"

namespace chancery::fuzz {
namespace {

constexpr std::size_t kBatchesMax = 3;

struct Trial {
  test::TestExchange exchange;
  test::TestLog log{exchange};

  Trial() { log.found(); }
};

const Trial& trial() {
  static const Trial made;
  return made;
}

v1::LogBatch make_batch(Input& input, const exchange::LogFollower& follower) {
  const std::uint8_t bits = input.byte();
  v1::LogBatch batch = exchange::parse_wire<v1::LogBatch>(input.chunk(), exchange::Reading::kOpen)
                           .value_or(v1::LogBatch());
  if ((bits & 1U) == 0) {
    batch.set_first_index(follower.size());
  }
  if ((bits & 2U) == 0) {
    batch.set_directory(to_string(follower.directory().root()));
  }
  if ((bits & 4U) == 0) {
    batch.set_accepted_at_ms(follower.accepted_at_ms() + 1);
  }
  if ((bits & 8U) == 0 && batch.entries().size() <= exchange::kBatchSizeMax) {
    const std::string& origin = trial().exchange.roster().hub().origin_line();
    test::resign(batch, follower.tree(), origin, std::vector<std::string>{"hub log 1"});
  }
  return batch;
}

void run(Input& input) {
  exchange::LogFollower follower(trial().log.tree(), trial().log.directory(),
                                 trial().log.accepted_at_ms());
  exchange::RootCache cache;
  for (std::size_t i = 0; i < kBatchesMax && !input.empty(); ++i) {
    const v1::LogBatch batch = make_batch(input, follower);
    const std::uint64_t size = follower.size();
    const Hash root = follower.tree().root();
    const Hash directory = follower.directory().root();
    const std::uint64_t accepted_at_ms = follower.accepted_at_ms();
    const auto followed = follower.follow(batch, cache);
    if (!followed.has_value()) {
      CHANCERY_CHECK(follower.size() == size && follower.tree().root() == root);
      CHANCERY_CHECK(follower.directory().root() == directory);
      CHANCERY_CHECK(follower.accepted_at_ms() == accepted_at_ms);
      continue;
    }
    const std::size_t count = batch.entries().size() / Hash{}.size();
    CHANCERY_CHECK(count > 0 && count <= exchange::kBatchSizeMax && followed->first_index == size);
    CHANCERY_CHECK(followed->leaves.size() == count && follower.size() == size + count);
    CHANCERY_CHECK(follower.accepted_at_ms() >= accepted_at_ms);
    CHANCERY_CHECK(as_view(follower.directory().root()) == batch.directory());
    CHANCERY_CHECK(followed->directory_entry.has_value() ==
                   (follower.directory().root() != directory));
    const auto checkpoint =
        ledger::open_checkpoint(batch.checkpoint(), follower.directory().log_keys());
    CHANCERY_CHECK(checkpoint.has_value() && checkpoint->checkpoint.size == follower.size());
    CHANCERY_CHECK(checkpoint->checkpoint.root == follower.tree().root());
  }
}

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  chancery::fuzz::run(input);
  return 0;
}
