#include "core/ledger/witness_policy.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/crypto/sha256.h"
#include "core/crypto/signer.h"
#include "core/ledger/tree.h"

namespace chancery::ledger {
namespace {

// A key made of its name.
crypto::KeySigner policy_signer(const std::string& name) {
  return crypto::KeySigner(
      crypto::PrivateKey::from_seed(crypto::Algorithm::kEd25519, crypto::sha256({as_bytes(name)}))
          .value());
}

NoteKey policy_key(const std::string& name, std::uint8_t type) {
  return {.name = name, .type = type, .key = policy_signer(name).public_key()};
}

std::string log_vkey(const std::string& name) {
  return policy_key(name, kNoteEd25519).format();
}

std::string witness_vkey(const std::string& name) {
  return policy_key(name, kNoteCosignature).format();
}

std::string witness_line(const std::string& name) {
  return "witness " + name + " " + witness_vkey(name) + "\n";
}

// The example of c2sp.org/tlog-policy, with keys.
std::string example_policy() {
  std::string text = "log " + log_vkey("log.example/one") + "\n\n";
  for (const std::string name : {"X1", "X2", "X3"}) {
    text += witness_line(name);
  }
  text += "group X-witnesses 2 X1 X2 X3\n\n";
  for (const std::string name : {"Y1", "Y2", "Y3"}) {
    text += witness_line(name);
  }
  return text +
         "group Y-witnesses any Y1 Y2 Y3\n\n"
         "group X-and-Y all X-witnesses Y-witnesses\n"
         "quorum X-and-Y\n";
}

WitnessPolicy parsed_policy(const std::string& text) {
  Result<WitnessPolicy> policy = WitnessPolicy::parse(text);
  EXPECT_TRUE(policy.has_value()) << text << policy.error().to_string();
  return std::move(*policy);
}

ErrorCode policy_refusal(const std::string& text) {
  const Result<WitnessPolicy> policy = WitnessPolicy::parse(text);
  return policy.has_value() ? ErrorCode::kInternal : policy.error().code;  // kInternal: taken.
}

std::vector<Cosignature> cosignatures_of(std::uint64_t mask, std::size_t count) {
  std::vector<Cosignature> cosignatures;
  for (std::size_t i = 0; i < count; ++i) {
    if ((mask >> i & 1U) != 0) {
      cosignatures.push_back({.witness = i, .time_s = 1});
    }
  }
  return cosignatures;
}

// The specification's sentence, over a text that is good: whether `name` witnesses a checkpoint
// that the witnesses in `signers` cosigned.
bool witnesses_by_definition(const std::string& text, const std::string& name,
                             const std::set<std::string>& signers) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    std::string threshold;
    words >> word;
    const bool group = word == "group";
    words >> word;
    if (!group || word != name) {
      continue;
    }
    words >> threshold;
    std::size_t count = 0;
    std::size_t members = 0;
    for (std::string member; words >> member; ++members) {
      count += witnesses_by_definition(text, member, signers) ? 1U : 0U;
    }
    return count >= (threshold == "all"   ? members
                     : threshold == "any" ? 1
                                          : static_cast<std::size_t>(std::stoul(threshold)));
  }
  return signers.contains(name);
}

TEST(WitnessPolicyTest, TakesTheExampleOfTheSpecification) {
  const WitnessPolicy policy = parsed_policy(example_policy());
  ASSERT_EQ(policy.log_keys().size(), 1U);
  EXPECT_EQ(policy.log_keys()[0].format(), log_vkey("log.example/one"));
  ASSERT_EQ(policy.witness_keys().size(), 6U);
  EXPECT_EQ(policy.witness_keys()[4].format(), witness_vkey("Y2"));
  for (std::uint64_t mask = 0; mask < 64; ++mask) {
    const std::uint64_t of_x = (mask & 1U) + (mask >> 1U & 1U) + (mask >> 2U & 1U);
    EXPECT_EQ(policy.has_quorum(cosignatures_of(mask, 6)), of_x >= 2 && mask >> 3U != 0) << mask;
  }
}

TEST(WitnessPolicyTest, AQuorumIsAsItIsDefined) {
  const std::vector<std::string> names = {"A", "B", "C", "D", "E"};
  std::string witnesses;
  for (const std::string& name : names) {
    witnesses += witness_line(name);
  }
  for (const std::string groups : {
           "group g any A B C D E\n", "group g all A B C D E\n", "group g 1 A\n",
           "group g 5 A B C D E\n", "group g 3 A C E B\n", "group f 2 A B C\ngroup g any f D\n",
           "group f 2 E B C\ngroup g 2 D f A\n",
           "group e any E\ngroup f all e D\ngroup h 2 f C B\ngroup g all h A\n",
           "group g 2 A B C\ngroup f 1 g D\n",  // The quorum is itself a member elsewhere.
       }) {
    const std::string text = witnesses + groups + "quorum g\n";
    const WitnessPolicy policy = parsed_policy(text);
    for (std::uint64_t mask = 0; mask < 32; ++mask) {
      std::set<std::string> signers;
      for (std::size_t i = 0; i < names.size(); ++i) {
        if ((mask >> i & 1U) != 0) {
          signers.insert(names[i]);
        }
      }
      EXPECT_EQ(policy.has_quorum(cosignatures_of(mask, 5)),
                witnesses_by_definition(text, "g", signers))
          << groups << mask;
    }
  }
}

TEST(WitnessPolicyTest, AQuorumMayBeOneWitnessOrNone) {
  const WitnessPolicy one = parsed_policy(witness_line("A") + witness_line("B") + "quorum B\n");
  EXPECT_FALSE(one.has_quorum(cosignatures_of(0b01, 2)));
  EXPECT_TRUE(one.has_quorum(cosignatures_of(0b10, 2)));
  EXPECT_TRUE(parsed_policy("quorum none\n").has_quorum({}));
  EXPECT_TRUE(parsed_policy(witness_line("A") + "quorum none\n").has_quorum({}));
}

TEST(WitnessPolicyTest, OneWitnessCountsOnce) {
  const WitnessPolicy policy =
      parsed_policy(witness_line("A") + witness_line("B") + "group g 2 A B\nquorum g\n");
  const std::vector<Cosignature> twice = {{.witness = 0, .time_s = 1}, {.witness = 0, .time_s = 2}};
  EXPECT_FALSE(policy.has_quorum(twice));
}

TEST(WitnessPolicyTest, ComesBack) {
  const std::string urls = "log " + log_vkey("log.example/one") + " https://log.example/\n" +
                           "log " + log_vkey("log.example/two") + "\n" + "witness A " +
                           witness_vkey("A") + " https://w.example/x#y\n" +
                           "witness \xff\xe2\x84\xaa " + witness_vkey("B") + "\n" +
                           "group all 1 A\ngroup 1 2 all \xff\xe2\x84\xaa\nquorum 1\n";
  EXPECT_EQ(parsed_policy(urls).format(), urls);
  const std::string again = parsed_policy(example_policy()).format();
  EXPECT_EQ(parsed_policy(again).format(), again);
  EXPECT_EQ(again.substr(again.find("group")),
            "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses 1 Y1 Y2 Y3\n"
            "group X-and-Y 2 X-witnesses Y-witnesses\nquorum X-and-Y\n");
  EXPECT_EQ(parsed_policy("quorum none\n").format(), "quorum none\n");
}

TEST(WitnessPolicyTest, BlanksAndCommentsSayNothing) {
  const std::string text = "# log\n\t # quorum none\n\n \t \n\twitness \t A  " + witness_vkey("A") +
                           " \t\n  quorum\tA\t\n#\n##quorum\n";
  EXPECT_EQ(parsed_policy(text).format(), witness_line("A") + "quorum A\n");
}

TEST(WitnessPolicyTest, ATextHasTheOctetsOfTheSpecificationOnly) {
  for (unsigned octet = 0; octet < 256; ++octet) {
    const std::string text = std::string("# ") + static_cast<char>(octet) + "\nquorum none\n";
    const bool good = octet == '\t' || octet == '\n' || (octet >= 0x20 && octet != 0x7f);
    EXPECT_EQ(policy_refusal(text), good ? ErrorCode::kInternal : ErrorCode::kMalformed) << octet;
  }
}

TEST(WitnessPolicyTest, EveryOtherLineIsRefused) {
  const std::string log = "log " + log_vkey("log.example/one") + "\n";
  const std::string good = log + witness_line("A") + witness_line("B") + witness_line("C");
  ASSERT_EQ(policy_refusal(good + "group g 2 A B C\nquorum g\n"), ErrorCode::kInternal);
  ASSERT_EQ(policy_refusal("quorum A\n" + good), ErrorCode::kMalformed);  // Not yet defined.
  for (const std::string bad : {
           "",  // No quorum.
           "quorum none",
           "quorum none\n#",
           "quorum none\n ",
           "quorum none\nquorum none\n",
           "quorum A\nquorum B\n",
           "quorum none\nquorum A\n",
           "quorum\n",
           "quorum A B\n",
           "quorum a\n",
           "quorum D\n",
           "quorum None\n",
           "quorum g\ngroup g any A\n",
           "Quorum none\n",
           "quorum none # comment\n",
           "quorum none\nmore\n",
           "quorum none\nlogs\n",
           "quorum none\nlog\n",
           "quorum none\nwitness D\n",
           "quorum none\ngroup g any\n",  // No member.
           "quorum none\ngroup g 1\n",
           "quorum none\ngroup g 0 A\n",
           "quorum none\ngroup g 2 A\n",
           "quorum none\ngroup g 4 A B C\n",
           "quorum none\ngroup g 01 A\n",
           "quorum none\ngroup g +1 A\n",
           "quorum none\ngroup g -1 A\n",
           "quorum none\ngroup g 1.0 A\n",
           "quorum none\ngroup g 18446744073709551617 A\n",
           "quorum none\ngroup g ANY A\n",
           "quorum none\ngroup g none A\n",
           "quorum none\ngroup g A B\n",
           "quorum none\ngroup g any none\n",  // Members.
           "quorum none\ngroup g any D\n",
           "quorum none\ngroup g any g\n",
           "quorum none\ngroup g any h\ngroup h any A\n",
           "quorum none\ngroup g any A A\n",
           "quorum none\ngroup g any A\ngroup h any A\n",
           "quorum none\ngroup g any A\ngroup h any g\ngroup i any g\n",
           "quorum none\ngroup A any B\n",  // Names.
           "quorum none\ngroup none any B\n",
           "quorum none\ngroup g any A\ngroup g any B\n",
       }) {
    EXPECT_EQ(policy_refusal(good + bad), ErrorCode::kMalformed) << bad;
  }
  EXPECT_EQ(policy_refusal(""), ErrorCode::kMalformed);
  EXPECT_EQ(policy_refusal("quorum none\r\n"), ErrorCode::kMalformed);
}

TEST(WitnessPolicyTest, AKeyIsOfItsTypeAndStandsOnce) {
  const std::string end = "quorum none\n";
  const std::string log = "log " + log_vkey("o") + "\n";
  const NoteKey renamed{.name = "p", .type = kNoteEd25519, .key = policy_signer("o").public_key()};
  const NoteKey as_witness{
      .name = "o", .type = kNoteCosignature, .key = policy_signer("o").public_key()};
  ASSERT_EQ(policy_refusal(log + witness_line("A") + end), ErrorCode::kInternal);
  for (const std::string& bad : {
           log + log,
           log + "log " + renamed.format() + "\n",
           log + "witness W " + as_witness.format() + "\n",
           witness_line("A") + "witness B " + witness_vkey("A") + "\n",
           witness_line("A") + "witness A " + witness_vkey("B") + "\n",
           "witness none " + witness_vkey("A") + "\n",
           "log " + witness_vkey("A") + "\n",
           "witness A " + log_vkey("A") + "\n",
           "log " + log_vkey("o") + " https://o.example/ more\n",
           "witness A " + witness_vkey("A") + " https://w.example/ more\n",
       }) {
    EXPECT_EQ(policy_refusal(bad + end), ErrorCode::kMalformed) << bad;
  }
  for (const std::string& bad : {
           std::string("log o\n"),
           "log " + log_vkey("o") + "=\n",
           "witness A " + witness_vkey("A").substr(1) + "\n",
       }) {
    EXPECT_EQ(policy_refusal(bad + end), ErrorCode::kBadCheckpoint) << bad;
  }
}

TEST(WitnessPolicyTest, HasAtMostSoManyOfEach) {
  const auto logs = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += "log " + log_vkey("log" + std::to_string(i)) + "\n";
    }
    return text + "quorum none\n";
  };
  const auto witnesses = [](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += witness_line("w" + std::to_string(i));
    }
    return text + "quorum none\n";
  };
  const auto groups = [](std::size_t count) {  // Each in the one after it.
    std::string text = witness_line("A") + "group g0 1 A\n";
    for (std::size_t i = 1; i < count; ++i) {
      text += "group g" + std::to_string(i) + " 1 g" + std::to_string(i - 1) + "\n";
    }
    return text + "quorum g" + std::to_string(count - 1) + "\n";
  };
  EXPECT_EQ(policy_refusal(logs(kPolicyLogsMax)), ErrorCode::kInternal);
  EXPECT_EQ(policy_refusal(logs(kPolicyLogsMax + 1)), ErrorCode::kLimitExceeded);
  EXPECT_EQ(policy_refusal(witnesses(kPolicyWitnessesMax)), ErrorCode::kInternal);
  EXPECT_EQ(policy_refusal(witnesses(kPolicyWitnessesMax + 1)), ErrorCode::kLimitExceeded);
  const WitnessPolicy deep = parsed_policy(groups(kPolicyGroupsMax));
  EXPECT_FALSE(deep.has_quorum({}));
  EXPECT_TRUE(deep.has_quorum(cosignatures_of(1, 1)));
  EXPECT_EQ(policy_refusal(groups(kPolicyGroupsMax + 1)), ErrorCode::kLimitExceeded);
  const std::string end = "\nquorum none\n";
  EXPECT_EQ(policy_refusal(std::string(kPolicyBytesMax - end.size(), ' ') + end),
            ErrorCode::kInternal);
  EXPECT_EQ(policy_refusal(std::string(kPolicyBytesMax + 1 - end.size(), ' ') + end),
            ErrorCode::kLimitExceeded);
}

class AnyOfTest : public testing::Test {
 protected:
  const std::vector<NoteKey> logs_ = {policy_key("hub", kNoteEd25519)};
  const std::vector<NoteKey> members_ = {policy_key("AM", kNoteCosignature),
                                         policy_key("BY", kNoteCosignature),
                                         policy_key("KZ", kNoteCosignature)};
};

TEST_F(AnyOfTest, IsOneGroup) {
  const Result<WitnessPolicy> policy = WitnessPolicy::any_of(logs_, members_, 2);
  ASSERT_TRUE(policy.has_value()) << policy.error().to_string();
  EXPECT_EQ(policy->format(), "log " + log_vkey("hub") + "\n" + witness_line("AM") +
                                  witness_line("BY") + witness_line("KZ") +
                                  "group witnesses 2 AM BY KZ\nquorum witnesses\n");
  EXPECT_EQ(policy->witness_keys(), members_);
  for (std::uint64_t mask = 0; mask < 8; ++mask) {
    EXPECT_EQ(policy->has_quorum(cosignatures_of(mask, 3)), mask == 3 || mask >= 5) << mask;
  }
}

TEST_F(AnyOfTest, OfNoneIsNone) {
  EXPECT_EQ(WitnessPolicy::any_of(logs_, {}, 0).value().format(),
            "log " + log_vkey("hub") + "\nquorum none\n");
  EXPECT_EQ(WitnessPolicy::any_of(logs_, {}, 1).error().code, ErrorCode::kMalformed);
  EXPECT_EQ(WitnessPolicy::any_of(logs_, members_, 4).error().code, ErrorCode::kMalformed);
}

TEST_F(AnyOfTest, NamesSayNothingBesideThemselves) {
  for (const std::string name : {"none", "witnesses", "", "a b", "a\nquorum none", "a\x7f", "BY"}) {
    std::vector<NoteKey> members = members_;
    members[0].name = name;
    EXPECT_EQ(WitnessPolicy::any_of(logs_, members, 2).error().code, ErrorCode::kMalformed) << name;
  }
  std::vector<NoteKey> logs = logs_;
  logs[0].name = "hub\n";
  EXPECT_EQ(WitnessPolicy::any_of(logs, members_, 2).error().code, ErrorCode::kMalformed);
}

class OpenUnderPolicyTest : public AnyOfTest {
 protected:
  [[nodiscard]] std::string note(const std::string& log,
                                 const std::vector<std::string>& witnesses) const {
    std::string text = body_ + "\n";
    crypto::KeySigner signer = policy_signer(log);
    text += note_signature_line(policy_key("hub", kNoteEd25519),
                                as_bytes(signer.sign(as_bytes(body_)).value()));
    for (const std::string& name : witnesses) {
      crypto::KeySigner cosigner = policy_signer(name);
      const std::string message = cosignature_message(7, body_);
      text += cosignature_line(policy_key(name, kNoteCosignature), 7,
                               as_bytes(cosigner.sign(as_bytes(message)).value()));
    }
    return text;
  }

  const std::string body_ =
      checkpoint_body({.origin = "hub", .size = 3, .root = leaf_hash(as_bytes("x"))});
  const WitnessPolicy policy_ = WitnessPolicy::any_of(logs_, members_, 2).value();
};

TEST_F(OpenUnderPolicyTest, TakesALogWithItsQuorum) {
  const Result<WitnessedCheckpoint> opened =
      open_checkpoint(note("hub", {"KZ", "stranger", "AM"}), policy_);
  ASSERT_TRUE(opened.has_value()) << opened.error().to_string();
  EXPECT_EQ(opened->checkpoint.checkpoint.size, 3U);
  EXPECT_EQ(opened->cosignatures,
            (std::vector<Cosignature>{{.witness = 0, .time_s = 7}, {.witness = 2, .time_s = 7}}));
}

TEST_F(OpenUnderPolicyTest, RefusesTooFewWitnesses) {
  for (const std::vector<std::string>& few : std::vector<std::vector<std::string>>{
           {}, {"AM"}, {"AM", "AM"}, {"AM", "stranger", "other"}}) {
    EXPECT_EQ(open_checkpoint(note("hub", few), policy_).error().code,
              ErrorCode::kSignatureMissing);
  }
}

TEST_F(OpenUnderPolicyTest, RefusesABadSignatureThoughThereIsAQuorum) {
  EXPECT_EQ(open_checkpoint(note("other", {"AM", "BY", "KZ"}), policy_).error().code,
            ErrorCode::kBadCheckpoint);
  std::string forged = note("hub", {"AM", "BY"});
  crypto::KeySigner other = policy_signer("other");
  forged += cosignature_line(policy_key("KZ", kNoteCosignature), 7,
                             as_bytes(other.sign(as_bytes(cosignature_message(7, body_))).value()));
  EXPECT_EQ(open_checkpoint(forged, policy_).error().code, ErrorCode::kBadCheckpoint);
}

}  // namespace
}  // namespace chancery::ledger
