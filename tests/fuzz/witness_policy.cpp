// A witness policy, as somebody hands it in. First byte: 0 the bytes are the text; 1 each of them
// is a word of a small table, keys and all, so that whole policies come about.
//
// Holds: what is taken comes back as itself, and has at most so many of each as witness_policy.h
// says; no key and no name stands twice, no member either, and a group asks for one to all of its
// own; nobody has a quorum only where none is asked for, all have one, and who has one keeps it
// with one more cosignature.

#include "core/ledger/witness_policy.h"

#include <set>
#include <sstream>

#include "tests/fuzz/input.h"
#include "tests/support/keys.h"

namespace ledger = chancery::ledger;
namespace test = chancery::test;

namespace {

std::string vkey(const char* name, std::uint8_t type) {
  return ledger::NoteKey{.name = name, .type = type, .key = test::signing_public(name)}.format();
}

const std::vector<std::string>& words() {
  static const std::vector<std::string> made = {
      "\n",
      " ",
      "\t",
      "log ",
      "witness ",
      "group ",
      "quorum ",
      "none",
      "all ",
      "any ",
      "1 ",
      "2 ",
      "3 ",
      "0 ",
      "A ",
      "B ",
      "C ",
      "D ",
      "g ",
      "h ",
      "i ",
      "#",
      "url ",
      "\xff",
      "\x7f",
      "quorum g\n",
      vkey("log1", ledger::kNoteEd25519) + " ",
      vkey("log2", ledger::kNoteEd25519) + " ",
      vkey("A", ledger::kNoteCosignature) + " ",
      vkey("B", ledger::kNoteCosignature) + " ",
      "log " + vkey("log1", ledger::kNoteEd25519) + "\n",
      "witness A " + vkey("A", ledger::kNoteCosignature) + "\n",
      "witness B " + vkey("B", ledger::kNoteCosignature) + "\n",
      "witness C " + vkey("C", ledger::kNoteCosignature) + "\n",
      "witness D " + vkey("D", ledger::kNoteCosignature) + "\n",
  };
  return made;
}

std::vector<ledger::Cosignature> cosigned(std::uint64_t mask, std::size_t count) {
  std::vector<ledger::Cosignature> found;
  for (std::size_t i = 0; i < count; ++i) {
    if ((mask >> (i % 64) & 1U) != 0) {
      found.push_back({.witness = i, .time_s = 1});
    }
  }
  return found;
}

// How many quorums the text of a policy has. It is read anew, by its sentences: `strict`, as
// format() writes it.
int check_lines(const std::string& text, bool strict) {
  std::istringstream lines(text);
  std::set<std::string> names = {"none"};
  std::set<std::string> members;
  int quorums = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream rest(line);
    std::string word;
    std::string name;
    rest >> word >> name;
    quorums += word == "quorum" ? 1 : 0;
    if (!strict || (word != "witness" && word != "group")) {
      continue;
    }
    if (word == "group") {
      std::size_t threshold = 0;
      std::size_t count = 0;
      rest >> threshold;
      for (std::string member; rest >> member; ++count) {
        CHANCERY_CHECK(names.contains(member) && member != "none");
        CHANCERY_CHECK(members.insert(member).second);
      }
      CHANCERY_CHECK(threshold >= 1 && threshold <= count);
    }
    CHANCERY_CHECK(names.insert(name).second);
  }
  return quorums;
}

void check_policy(std::string_view text) {
  const auto policy = ledger::WitnessPolicy::parse(text);
  if (!policy.has_value()) {
    return;
  }
  const std::string again = policy->format();
  CHANCERY_CHECK(ledger::WitnessPolicy::parse(again).value().format() == again);
  CHANCERY_CHECK(check_lines(again, true) == 1 && check_lines(std::string(text), false) == 1);
  const std::size_t count = policy->witness_keys().size();
  CHANCERY_CHECK(policy->log_keys().size() <= ledger::kPolicyLogsMax);
  CHANCERY_CHECK(count <= ledger::kPolicyWitnessesMax);
  std::set<chancery::crypto::PublicKey> keys;
  for (const ledger::NoteKey& key : policy->log_keys()) {
    CHANCERY_CHECK(key.type == ledger::kNoteEd25519 && keys.insert(key.key).second);
  }
  for (const ledger::NoteKey& key : policy->witness_keys()) {
    CHANCERY_CHECK(key.type == ledger::kNoteCosignature && keys.insert(key.key).second);
  }
  CHANCERY_CHECK(policy->has_quorum({}) == again.ends_with("quorum none\n"));
  CHANCERY_CHECK(policy->has_quorum(cosigned(~std::uint64_t{0}, count)));
  for (std::uint64_t mask = 0; mask < 64; ++mask) {
    for (std::uint64_t more = 1; more < 64; more <<= 1U) {
      CHANCERY_CHECK(!policy->has_quorum(cosigned(mask, count)) ||
                     policy->has_quorum(cosigned(mask | more, count)));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  if (input.choice(2) == 0) {
    check_policy(input.rest());
    return 0;
  }
  std::string text;
  while (!input.empty()) {
    text += words()[input.choice(words().size())];
  }
  check_policy(text);
  return 0;
}
