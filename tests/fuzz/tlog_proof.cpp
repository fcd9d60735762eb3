// A proof of logging, as an outsider gets it. First byte: 0 the bytes are its text; 1 a proof that
// was made here, of a tree of at most 64 leaves under a log and three witnesses of whom two are
// asked for, is spoilt by so many edits of three bytes of its text.
//
// Holds: one spelling per proof, both ways; within the limits of tlog_proof.h; a spoilt proof
// verifies only if it says the same of the leaf as the good one did.

#include "core/ledger/tlog_proof.h"

#include <algorithm>

#include "core/ledger/proof.h"
#include "core/ledger/tree.h"
#include "tests/fuzz/input.h"
#include "tests/support/keys.h"

using chancery::as_bytes;
using chancery::Hash;
namespace ledger = chancery::ledger;
namespace test = chancery::test;

namespace {

constexpr std::size_t kLeavesMax = 64;
constexpr std::uint64_t kTime = 1'700'000'000;
constexpr const char* kLogName = "chancery.test/trial";

struct Keys {
  ledger::NoteKey log{.name = kLogName, .key = test::signing_public("hub log 1")};
  std::vector<ledger::NoteKey> witnesses;
  ledger::WitnessPolicy policy;

  Keys() {
    for (const char* const name : {"AM", "BY", "KZ"}) {
      witnesses.push_back(
          {.name = name, .type = ledger::kNoteCosignature, .key = test::signing_public(name)});
    }
    policy = test::must(ledger::WitnessPolicy::any_of(std::span(&log, 1), witnesses, 2));
  }
};

const Keys& keys() {
  static const Keys made;
  return made;
}

ledger::TlogProof honest(const std::vector<Hash>& leaves, std::uint64_t index) {
  const std::string body = ledger::checkpoint_body(
      {.origin = kLogName, .size = leaves.size(), .root = ledger::tree_root(leaves)});
  const std::string value = test::must(test::key_signer("hub log 1")->sign(as_bytes(body)));
  std::string note = body + "\n" + ledger::note_signature_line(keys().log, as_bytes(value));
  for (const ledger::NoteKey& witness : keys().witnesses) {
    const std::string message = ledger::cosignature_message(kTime, body);
    note += ledger::cosignature_line(
        witness, kTime,
        as_bytes(test::must(test::key_signer(witness.name)->sign(as_bytes(message)))));
  }
  return {.extra = "extra",
          .index = index,
          .path = ledger::inclusion_proof(leaves, index),
          .checkpoint = note};
}

void check_text(std::string_view text) {
  const auto proof = ledger::parse_tlog_proof(text);
  if (proof.has_value()) {
    CHANCERY_CHECK(ledger::format_tlog_proof(*proof) == text);
    const auto note = ledger::parse_note(proof->checkpoint);
    CHANCERY_CHECK(note.has_value() && ledger::parse_checkpoint_body(note->text).has_value());
    CHANCERY_CHECK(proof->path.size() <= ledger::kTlogProofPathMax &&
                   proof->extra.size() <= ledger::kTlogProofExtraBytesMax);
    CHANCERY_CHECK(!ledger::verify_tlog_proof(*proof, Hash{}, keys().policy).has_value());
  }
}

// Each edit alters a byte, drops some, or says them twice.
void check_spoilt(chancery::fuzz::Input& input) {
  std::vector<Hash> leaves;
  for (std::size_t i = input.choice(kLeavesMax) + 1; i > 0; --i) {
    leaves.push_back(ledger::leaf_hash(chancery::u64_be(i)));
  }
  const std::uint64_t index = input.choice(leaves.size());
  const ledger::TlogProof good = honest(leaves, index);
  std::string text = ledger::format_tlog_proof(good);
  while (!input.empty() && !text.empty()) {
    const std::size_t what = input.choice(3);
    const std::size_t where = (std::size_t{input.byte()} << 3U) % text.size();
    const std::uint8_t change = input.byte();
    const std::size_t at = std::min(where + (change & 7U), text.size() - 1);
    if (what == 0) {
      text[at] = static_cast<char>(change);
    } else if (what == 1) {
      text.erase(at, 1U + change);
    } else {
      text.insert(at, text.substr(at, 1U + change));
    }
  }
  check_text(text);
  const auto proof = ledger::parse_tlog_proof(text);
  if (!proof.has_value()) {
    CHANCERY_CHECK(text != ledger::format_tlog_proof(good));
    return;
  }
  const auto verified = ledger::verify_tlog_proof(*proof, leaves[index], keys().policy);
  CHANCERY_CHECK(verified.has_value() || !(*proof == good));
  if (verified.has_value()) {
    CHANCERY_CHECK(proof->index == index && proof->path == good.path);
    CHANCERY_CHECK(verified->checkpoint.checkpoint.root == ledger::tree_root(leaves));
    CHANCERY_CHECK(verified->checkpoint.checkpoint.size == leaves.size());
    CHANCERY_CHECK(verified->cosignatures.size() >= 2);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  if (input.choice(2) == 0) {
    check_text(input.rest());
  } else {
    check_spoilt(input);
  }
  return 0;
}
