// An envelope as it was received, or as a founding file has it: parsed, judged as a notice and as a
// directory entry by a founded directory, taken for the first roster of another exchange, and
// delivered to a node that has a leaf for it.
//
// Holds: what parses has one spelling and the hashes that its bytes have; a delivery is void or
// garbled exactly where the envelope does not parse, is not for the member or is not good; a
// directory that refused an entry is as it was; what it is read over makes no difference.

#include "core/exchange/envelope.h"

#include "core/exchange/directory.h"
#include "core/exchange/limits.h"
#include "core/exchange/policy.h"
#include "core/exchange/roster_rules.h"
#include "node/core/intake.h"
#include "tests/fuzz/input.h"
#include "tests/support/exchange.h"

namespace exchange = chancery::exchange;
namespace node = chancery::node;
namespace test = chancery::test;

namespace {

const test::TestExchange& trial() {
  static const test::TestExchange made;
  return made;
}

void check_parsed(const exchange::Envelope& envelope, std::string_view bytes) {
  const chancery::Hash& genesis = trial().genesis();
  CHANCERY_CHECK(envelope.bytes() == bytes && bytes.size() <= exchange::kEnvelopeBytesMax);
  CHANCERY_CHECK(exchange::notice_hash(genesis, envelope.header.draft()) == envelope.notice);
  CHANCERY_CHECK(exchange::check_draft(envelope.draft).has_value());
  CHANCERY_CHECK(envelope.recipient_codes().size() <= exchange::kRecipientCountMax);

  exchange::Directory directory = trial().directory();
  exchange::RootCache cache;
  if (!directory.apply(envelope, cache).has_value()) {
    CHANCERY_CHECK(directory.root() == trial().directory().root());
  }
}

// Read over one that is good it is what it is by itself.
void check_over_another(const chancery::Result<exchange::Envelope>& alone, std::string_view bytes) {
  const chancery::Hash& genesis = trial().genesis();
  static const exchange::Envelope good =
      test::must(exchange::parse_envelope(trial().founding_entries().back(), genesis));
  exchange::Envelope over = good;
  const auto read = exchange::parse_envelope_into(over, bytes, genesis, exchange::Bodies::kThere);
  CHANCERY_CHECK(read.has_value() == alone.has_value());
  if (alone.has_value()) {
    CHANCERY_CHECK(over.entry == alone->entry && over.notice == alone->notice);
    CHANCERY_CHECK(over.draft.SerializeAsString() == alone->draft.SerializeAsString());
  } else {
    CHANCERY_CHECK(read.error().code == alone.error().code);
  }
}

// The exchange that the envelope would found.
void check_founding(std::string_view bytes, const chancery::Hash& genesis) {
  const auto envelope = exchange::parse_envelope(bytes, genesis);
  exchange::Directory directory(genesis);
  exchange::RootCache cache;
  if (envelope.has_value() && directory.apply(*envelope, cache).has_value()) {
    CHANCERY_CHECK(directory.founded() && directory.slot("roster") == envelope->d);
    CHANCERY_CHECK(exchange::check_roster(directory.roster()).has_value());
  } else {
    CHANCERY_CHECK(!directory.founded() && directory.key_count() == 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = chancery::as_view(chancery::Bytes(data, size));
  const chancery::Hash& genesis = trial().genesis();
  const auto envelope = exchange::parse_envelope(bytes, genesis);
  const auto entry = exchange::entry_of(bytes, genesis);
  const auto own_genesis = exchange::genesis_of(bytes);
  CHANCERY_CHECK(own_genesis.has_value() == entry.has_value());
  if (own_genesis.has_value()) {
    check_founding(bytes, *own_genesis);
  }
  if (envelope.has_value()) {
    CHANCERY_CHECK(entry.has_value() && *entry == envelope->entry);
    check_parsed(*envelope, bytes);
  }
  check_over_another(envelope, bytes);
  exchange::RootCache cache;
  exchange::Opener opener({});
  // What a directory was found to allow it remembers: each input has its own, and the second look.
  const exchange::Directory directory = trial().directory();
  const chancery::ledger::Leaf leaf{.type = chancery::ledger::LeafType::kNotice,
                                    .accepted_at_ms = 1,
                                    .directory = directory.root(),
                                    .entry = entry.value_or(chancery::Hash{})};
  const node::Arrival arrival =
      node::judge_delivery(7, std::string(bytes), leaf, "BY", directory, opener, cache);
  CHANCERY_CHECK((arrival.verdict == node::Verdict::kGarbled) == !entry.has_value());
  CHANCERY_CHECK(arrival.error.has_value() == (arrival.verdict != node::Verdict::kGood));
  CHANCERY_CHECK(arrival.envelope_bytes == bytes);
  if (arrival.verdict == node::Verdict::kGood || arrival.verdict == node::Verdict::kUnopenable) {
    CHANCERY_CHECK(envelope.has_value());
    const exchange::Directory another = trial().directory();
    CHANCERY_CHECK(exchange::judge_notice(*envelope, another, cache).has_value());
  }
  return 0;
}
