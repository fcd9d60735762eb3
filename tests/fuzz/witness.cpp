// A request to a witness, as a hub or an outside client of the log sends it. First byte: how many
// leaves the witness cosigned last. Second byte: even, the bytes are the request; odd, its
// checkpoint is a text that the log's key signs here, so that what is behind the signature is
// reached as well.
//
// Holds: one spelling per request, both ways; within the limits of witness.h; what is cosigned has
// grown from the tree that was cosigned last, by its own proof; who is refused is told why.

#include "core/ledger/witness.h"

#include <array>

#include "core/ledger/proof.h"
#include "core/ledger/tree.h"
#include "tests/fuzz/input.h"
#include "tests/support/keys.h"

using chancery::as_bytes;
namespace ledger = chancery::ledger;
namespace test = chancery::test;

namespace {

constexpr std::size_t kLeaves = 32;

struct Log {
  Log() {
    for (std::uint64_t i = 0; i < kLeaves; ++i) {
      leaves.push_back(ledger::leaf_hash(chancery::u64_be(i)));
    }
  }

  std::unique_ptr<chancery::crypto::KeySigner> signer = test::key_signer("hub log 1");
  ledger::NoteKey key{.name = "chancery.test/trial", .key = signer->public_key()};
  std::vector<chancery::Hash> leaves;
};

const Log& log() {
  static const Log made;
  return made;
}

std::string with_signed_checkpoint(std::string_view text) {
  const std::size_t end = text.find("\n\n");
  if (end == std::string_view::npos) {
    return std::string(text);
  }
  const std::string_view body = text.substr(end + 2);
  const auto signature = log().signer->sign(as_bytes(body));
  CHANCERY_CHECK(signature.has_value());
  return std::string(text) + "\n" + ledger::note_signature_line(log().key, as_bytes(*signature));
}

void check(std::string_view request, const ledger::WitnessedTree& last) {
  const auto parsed = ledger::parse_add_checkpoint(request);
  const ledger::WitnessVerdict verdict =
      ledger::judge_add_checkpoint(request, log().key.name, std::array{log().key}, last);
  CHANCERY_CHECK(parsed.has_value() || verdict.status == ledger::WitnessStatus::kMalformed);
  CHANCERY_CHECK(verdict.text.empty() == verdict.is_ok());
  if (!parsed.has_value()) {
    return;
  }
  CHANCERY_CHECK(ledger::format_add_checkpoint(*parsed) == request);
  CHANCERY_CHECK(parsed->proof.size() <= ledger::kAddCheckpointHashesMax);
  if (verdict.status == ledger::WitnessStatus::kOtherSize) {
    CHANCERY_CHECK(verdict.text == std::to_string(last.size) + "\n");
  }
  if (verdict.is_ok()) {
    const ledger::WitnessedTree next = verdict.next();
    CHANCERY_CHECK(parsed->old_size == last.size && next.size >= last.size);
    CHANCERY_CHECK(next.size != last.size || last.size == 0 || next == last);
    CHANCERY_CHECK(last.size == 0 || ledger::verify_consistency(last.size, last.root, next.size,
                                                                next.root, parsed->proof)
                                         .has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  const std::size_t last_size = input.choice(kLeaves + 1);
  const ledger::WitnessedTree last{
      .size = last_size, .root = ledger::tree_root(std::span(log().leaves).first(last_size))};
  const bool sign = input.flag();
  const std::string_view text = input.rest();
  check(sign ? with_signed_checkpoint(text) : std::string(text), last);
  return 0;
}
