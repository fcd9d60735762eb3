#include "core/exchange/evidence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "chancery/v1/notices.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/crypto/sha256.h"
#include "core/exchange/completeness.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/cosignature.h"
#include "core/ledger/tlog_proof.h"
#include "tests/support/evidence_log.h"
#include "tests/support/exchange.h"
#include "tests/support/keys.h"
#include "tests/support/log.h"
#include "tests/support/outcome.h"

namespace chancery::exchange {
namespace {

using test::four_members;
using test::kTimeS;
using test::must;

v1::EvidenceCount evidence_count(std::span<const Hash> ds, std::uint64_t position) {
  CountPath path;
  for (std::size_t i = 0; i < ds.size(); ++i) {
    path.add(ds[i], i == position);
  }
  return path.finish();
}

// A log with notices of AM to BY and RU, what both state of them, and who acknowledges one.
class EvidenceTest : public testing::Test, protected test::EvidenceLog {
 protected:
  explicit EvidenceTest(const test::ExchangeOptions& options = {}) : EvidenceLog(options) {
    publish("AM", {"BY", "RU"}, "contact", text_of("before it"));
    notice_ = publish("AM", {"BY", "RU"}, "threat.alert", text_of("good day"));
    publish("AM", {"BY"}, "contact", text_of("after it"));
    statement_ = state("BY", log_.size());
    early_ = state("RU", notice_, {notice_});
    read_ = acknowledge("RU", v1::ACKNOWLEDGEMENT_LEVEL_READ);
    publish("RU", {"BY"}, "contact", text_of("between others"));
  }

  static std::string text_of(std::string_view subject) {
    return test::TestExchange::text_of(subject);
  }

  std::uint64_t publish(const std::string& origin, const std::vector<std::string>& to,
                        std::string_view kind, const std::string& text) {
    const std::uint64_t index = EvidenceLog::publish(exchange_.draft(origin, to, kind), text);
    if (origin == "AM") {
      for (const std::string& member : to) {
        sent_[member].push_back(envelope_at(index).d);
      }
    }
    return index;
  }

  std::uint64_t publish_clear(std::string_view subject) {
    const std::string envelope = exchange_.sign(
        exchange_.clear(exchange_.draft("AM", {"BY", "RU"}, "contact"), text_of(subject)),
        test::node_key_name("AM", 1, "signing"));
    log_.append(std::vector{envelope});
    return log_.size() - 1;
  }

  // What a member states to AM of what it got below `size`.
  std::uint64_t state(const std::string& member, std::uint64_t size,
                      std::vector<std::uint64_t> early = {}, const std::string& to = "AM") {
    PairCount count{.size = size};
    for (const Hash& d : early.empty() ? sent_[member] : std::vector<Hash>()) {
      count.add(false, d);
    }
    return publish(
        member, {to}, kStatementKind,
        statement_text(count,
                       {.peer = to, .root = {}, .early = std::move(early), .unopenable = {}}));
  }

  std::uint64_t acknowledge(const std::string& member, v1::AcknowledgementLevel level,
                            std::optional<std::uint64_t> of = {}) {
    v1::Acknowledgement said;
    said.set_notice(to_string(envelope_at(of.value_or(notice_)).notice));
    said.set_level(level);
    v1::Text text;
    text.set_content(said.SerializeAsString());
    return publish(member, {"AM"}, kAcknowledgementKind, text.SerializeAsString());
  }

  // The same of a log that goes on with so many entries of others.
  EvidenceParts parts_in_a_log_of(std::uint64_t size) {
    EvidenceParts parts = this->parts();
    std::vector<Hash> hashes;
    for (const ledger::Leaf& leaf : leaves()) {
      hashes.push_back(ledger::leaf_hash(leaf));
    }
    ledger::Leaf last = leaves().back();
    while (hashes.size() < size) {
      last.entry = Hash{};
      std::ranges::copy(u64_be(hashes.size()), last.entry.begin());
      hashes.push_back(ledger::leaf_hash(last));
    }
    parts.checkpoint = note_over(size, ledger::tree_root(hashes), four_members);
    parts.notice.path = ledger::inclusion_proof(hashes, parts.notice.index);
    for (LoggedRecord& about : parts.about) {
      about.path = ledger::inclusion_proof(hashes, about.index);
    }
    parts.last_leaf = to_string(ledger::encode(last));
    parts.last_path = ledger::inclusion_proof(hashes, size - 1);
    return parts;
  }

  EvidenceParts parts(const std::vector<std::string>& witnesses = four_members) {
    EvidenceParts parts = parts_of(notice_, {statement_, early_, read_}, witnesses);
    parts.counts = {evidence_count(std::array{sent_["BY"][0], sent_["BY"][1], sent_["BY"][2]}, 1)};
    return parts;
  }

  // Of the exchange as it is, and what is changed of its file.
  std::string outcome(const std::function<void(EvidenceParts&)>& change) {
    EvidenceParts changed = parts();
    change(changed);
    return judge(must(evidence_bytes(changed)));
  }

  std::string outcome_of_file(const std::function<void(v1::EvidenceFile&)>& change) {
    v1::EvidenceFile file;
    EXPECT_TRUE(file.ParseFromString(must(evidence_bytes(parts()))));
    change(file);
    return judge(file.SerializeAsString());
  }

  [[nodiscard]] std::string judge(const std::string& bytes) const {
    return test::outcome(verify_evidence(bytes, exchange_.genesis()));
  }

  EvidenceReport report(const EvidenceParts& of, const std::optional<LogPin>& pin = {}) {
    return must(verify_evidence(must(evidence_bytes(of)), exchange_.genesis(), pin));
  }

  std::map<std::string, std::vector<Hash>> sent_;  // By AM, to whom.
  std::uint64_t notice_ = 0;
  std::uint64_t statement_ = 0;  // Of BY, counted.
  std::uint64_t early_ = 0;      // Of RU, by index.
  std::uint64_t read_ = 0;       // By RU.
};

// C-200, C-205 to C-213
TEST_F(EvidenceTest, ShowsTheNoticeWhoSignedItWhoCosignedItAndWhoHasIt) {
  const EvidenceReport report = this->report(parts());
  const Envelope notice = envelope_at(notice_);
  EXPECT_EQ(report.exchange, "trial");
  EXPECT_EQ(report.notice, notice.notice);
  EXPECT_EQ(report.d, notice.d);
  EXPECT_EQ(report.index, notice_);
  EXPECT_EQ(report.accepted_at_ms, leaves()[notice_].accepted_at_ms);
  EXPECT_EQ(report.created_at_us, notice.header.created_at_us());
  EXPECT_EQ(report.draft.kind(), "threat.alert");
  EXPECT_EQ(report.signing_key, test::signing_public("AM node 1 signing").id());
  EXPECT_EQ(report.text, test::TestExchange::text_of("good day"));
  EXPECT_EQ(report.sealed, true);
  EXPECT_EQ(report.size, log_.size());
  EXPECT_EQ(report.root, log_.tree().root());
  EXPECT_EQ(report.directory_entry_count, 7U);

  EXPECT_TRUE(report.witnessed());
  EXPECT_EQ(report.witnessed_at_s, kTimeS) << "C-181: the oldest of them";
  EXPECT_EQ(report.witness_count, 6U);
  EXPECT_EQ(report.quorum, 4U);
  ASSERT_EQ(report.witnesses.size(), 4U);
  EXPECT_EQ(report.witnesses[3].member, "KZ");
  EXPECT_EQ(report.witnesses[3].time_s, kTimeS + 3);

  ASSERT_EQ(report.recipients.size(), 2U);
  const RecipientEvidence& by = report.recipients[0];
  EXPECT_EQ(by.member, "BY");
  const DeliveryEvidence counted = by.delivered.value_or(DeliveryEvidence{});
  EXPECT_EQ(counted.by.index, statement_);
  EXPECT_EQ(counted.by.accepted_at_ms, leaves()[statement_].accepted_at_ms);
  EXPECT_EQ(counted.size, statement_);
  EXPECT_FALSE(counted.early);
  EXPECT_FALSE(by.read.has_value());
  const RecipientEvidence& ru = report.recipients[1];
  EXPECT_TRUE(ru.delivered.value_or(DeliveryEvidence{}).early);
  EXPECT_EQ(ru.read.value_or(SaidBy{}).index, read_);
  EXPECT_FALSE(ru.actioned.has_value());
}

// Three members, so that a file is short.
class ShortEvidenceTest : public EvidenceTest {
 protected:
  ShortEvidenceTest()
      : EvidenceTest({.adjust_roster = [](v1::Roster& roster) {
          roster.clear_members();
          for (const char* const code : {"AM", "BY", "RU"}) {
            *roster.add_members() = test::roster_member(code, v1::MEMBER_ROLE_MEMBER);
          }
          roster.set_assent(2);
          roster.clear_states();
        }}) {}
};

// C-202: nothing in a file is without authentication.
TEST_F(ShortEvidenceTest, EachSingleByteChangeIsRefused) {
  const std::string file = must(evidence_bytes(parts({"AM", "BY"})));
  ASSERT_EQ(judge(file), "good");
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::string changed = file;
    changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << (i % 8)));
    EXPECT_NE(judge(changed), "good") << "byte " << i << " of " << file.size();
  }
}

TEST_F(EvidenceTest, ATruncatedOrLongerFileIsRefused) {
  const std::string file = must(evidence_bytes(parts()));
  for (std::size_t size = 0; size < file.size(); size += 1 + size / 50) {
    EXPECT_NE(judge(file.substr(0, size)), "good") << size;
  }
  EXPECT_NE(judge(file.substr(0, file.size() - 1)), "good");
  EXPECT_NE(judge(file + '\0'), "good");
  EXPECT_EQ(judge(std::string(kEvidenceBytesMax + 1, '\x08')), "limit-exceeded");
}

// C-200
TEST_F(EvidenceTest, IsOfOneVersionAndOneExchange) {
  const std::string file = must(evidence_bytes(parts()));
  EXPECT_EQ(test::outcome(verify_evidence(file, test::kGenesis)), "wrong-genesis");
  EXPECT_EQ(outcome([](EvidenceParts& p) { p.directory.clear(); }), "directory-mismatch");
  EXPECT_EQ(outcome_of_file([](v1::EvidenceFile& f) { f.set_version(2); }), "unknown-version");
  EXPECT_EQ(outcome_of_file([](v1::EvidenceFile& f) { f.set_genesis(to_string(test::kGenesis)); }),
            "wrong-genesis");
}

// C-203, C-204
TEST_F(EvidenceTest, TheWholeDirectoryIsThereAndNothingElse) {
  enter(exchange_.enrol(test::person_entry("AM"), log_.directory()));
  EXPECT_EQ(outcome([](EvidenceParts&) {}), "good");
  EXPECT_EQ(outcome([](EvidenceParts& p) { p.directory.pop_back(); }), "directory-mismatch")
      << "the newest left out";
  EXPECT_EQ(outcome([](EvidenceParts& p) { p.directory.erase(p.directory.begin() + 2); }),
            "directory-mismatch")
      << "one left out";
  EXPECT_EQ(outcome([](EvidenceParts& p) { std::swap(p.directory[0], p.directory[1]); }),
            "invalid-entry")
      << "out of order";
  EXPECT_EQ(outcome([](EvidenceParts& p) { std::swap(p.directory[6], p.directory[7]); }),
            "directory-mismatch")
      << "a state that a leaf names never was";
  EXPECT_EQ(outcome([&](EvidenceParts& p) {
              p.directory.push_back(exchange_.enrol(test::person_entry("BY"), log_.directory()));
            }),
            "directory-mismatch")
      << "one that was never logged";
  EXPECT_EQ(outcome([](EvidenceParts& p) { p.directory.push_back(p.directory[1]); }),
            "slot-conflict");
  EXPECT_EQ(outcome_of_file([](v1::EvidenceFile& f) {
              f.mutable_directory(1)->set_body_hash(std::string(32, 'x'));
            }),
            "malformed");
  EXPECT_EQ(
      outcome_of_file([](v1::EvidenceFile& f) { f.mutable_directory(1)->set_leaf(f.last_leaf()); }),
      "malformed");
}

// C-204: a state does not come back, as with a hub that logs under an old directory.
TEST_F(EvidenceTest, WhatIsLaterIsOfNoEarlierState) {
  const Directory before = log_.directory();
  enter(exchange_.enrol(test::person_entry("AM"), log_.directory()));
  notice_ = publish("AM", {"BY"}, "contact", text_of("later"));
  statement_ = state("BY", log_.size());
  const auto with = [&](const Hash& directory) {
    return outcome([&](EvidenceParts& p) {
      p.about = {record(statement_)};
      p.counts = {evidence_count(sent_["BY"], 3)};
      ledger::Leaf leaf = must(ledger::parse_leaf(as_bytes(p.about[0].leaf)));
      leaf.directory = directory;
      p.about[0].leaf = to_string(ledger::encode(leaf));
    });
  };
  EXPECT_EQ(with(log_.directory().root()), "good");
  EXPECT_EQ(with(before.root()), "directory-mismatch");
}

// C-204, C-207
TEST_F(EvidenceTest, TheLastLeafIsTheOneUnderTheCheckpoint) {
  EXPECT_EQ(outcome([&](EvidenceParts& p) {
              p.last_leaf = leaf_at(notice_);
              p.last_path = path_of(notice_);
            }),
            "bad-batch-path");
  EXPECT_EQ(outcome_of_file([&](v1::EvidenceFile& f) {
              f.set_last_leaf(leaf_at(notice_));
              f.set_last_proof(f.notice().proof());
            }),
            "not-proven");
  EXPECT_EQ(outcome_of_file([](v1::EvidenceFile& f) { f.clear_last_leaf(); }), "malformed");
  EXPECT_EQ(outcome_of_file([](v1::EvidenceFile& f) { f.clear_last_proof(); }), "malformed");
}

// C-205
TEST_F(EvidenceTest, AllProofsAreUnderOneCheckpoint) {
  const auto with = [&](const std::string& checkpoint) {
    return [&, checkpoint](v1::EvidenceFile& f) {
      ledger::TlogProof proof = must(ledger::parse_tlog_proof(f.about(0).proof()));
      proof.checkpoint = checkpoint;
      f.mutable_about(0)->set_proof(ledger::format_tlog_proof(proof));
    };
  };
  EXPECT_EQ(outcome_of_file(with(note(four_members))), "good");
  EXPECT_EQ(outcome_of_file(with(note({"AM"}))), "not-proven") << "other lines";
  EXPECT_EQ(outcome_of_file(with(test::signed_checkpoint(exchange_.roster().hub().origin_line(),
                                                         log_.size() + 1, log_.tree().root(),
                                                         std::array<std::string, 1>{"hub log 1"}))),
            "not-proven");
  EXPECT_EQ(outcome_of_file([](v1::EvidenceFile& f) {
              ledger::TlogProof proof = must(ledger::parse_tlog_proof(f.notice().proof()));
              proof.extra = "something";
              f.mutable_notice()->set_proof(ledger::format_tlog_proof(proof));
            }),
            "malformed");
}

// C-206
TEST_F(EvidenceTest, TheCheckpointIsTheLogsAndHasNoLinesOfStrangers) {
  const std::string& origin = exchange_.roster().hub().origin_line();
  const auto checkpoint = [&](const std::string& text) {
    return outcome([&](EvidenceParts& p) { p.checkpoint = text; });
  };
  EXPECT_EQ(checkpoint(test::signed_checkpoint(origin, log_.size(), log_.tree().root(),
                                               std::array<std::string, 1>{"hub log 2"})),
            "bad-checkpoint");
  EXPECT_EQ(
      checkpoint(test::signed_checkpoint(origin, log_.size(), log_.tree().root(),
                                         std::array<std::string, 2>{"hub log 1", "hub log 2"})),
      "bad-checkpoint")
      << "a line of a stranger";
  const ledger::Checkpoint head{.origin = origin, .size = log_.size(), .root = log_.tree().root()};
  EXPECT_EQ(checkpoint(note({"AM"}) + line_of("AM", head, kTimeS + 9)), "bad-checkpoint")
      << "two of one";
  const ledger::Checkpoint other{.origin = origin, .size = 3, .root = log_.tree().root()};
  EXPECT_EQ(checkpoint(note({"AM"}) + line_of("BY", other, kTimeS)), "bad-checkpoint")
      << "a cosignature of another head";
  EXPECT_EQ(checkpoint(test::signed_checkpoint(origin, log_.size(), {'r'},
                                               std::array<std::string, 1>{"hub log 1"})),
            "bad-batch-path");
}

// C-206
TEST_F(EvidenceTest, TooFewWitnessesAreNoQuorum) {
  const EvidenceReport three = report(parts({"AM", "BY", "KG"}));
  EXPECT_FALSE(three.witnessed());
  EXPECT_EQ(three.witnesses.size(), 3U);
  EXPECT_EQ(three.quorum, 4U);
  EXPECT_FALSE(report(parts({})).witnessed());
}

// C-206: the line of a witness that was revoked since does not count, and has no place.
TEST_F(EvidenceTest, TheWitnessesAreThoseOfTheWholeDirectory) {
  enter(exchange_.entry(test::revocation_of(test::signing_public("KZ node 1 signing").id()),
                        std::vector<std::string>{test::authority_name("KZ")}, log_.directory()));
  EXPECT_EQ(outcome([](EvidenceParts&) {}), "bad-checkpoint");
  EvidenceParts kept = parts();
  kept.checkpoint = must(evidence_checkpoint(kept.checkpoint, log_.directory()));
  const EvidenceReport report = this->report(kept);
  EXPECT_EQ(report.witnesses.size(), 3U);
  EXPECT_EQ(report.witness_count, 5U);
  EXPECT_FALSE(report.witnessed()) << "four are needed: half of five and one that is bad, and one";
}

// C-208: by the directory of then, and by no later one.
TEST_F(EvidenceTest, WhatWasSignedBeforeTheKeyWasRevokedStaysProven) {
  enter(exchange_.entry(test::revocation_of(test::signing_public("AM node 1 signing").id()),
                        std::vector<std::string>{test::authority_name("AM")}, log_.directory()));
  const auto without_witness_of_am = [&](EvidenceParts& p) {
    p.checkpoint = must(evidence_checkpoint(p.checkpoint, log_.directory()));
  };
  EXPECT_EQ(outcome(without_witness_of_am), "good");
  notice_ = publish_clear("after it");
  EXPECT_EQ(outcome([&](EvidenceParts& p) {
              without_witness_of_am(p);
              p.about.clear();
              p.counts.clear();
            }),
            "revoked-key");
}

// C-206
TEST_F(EvidenceTest, TheNewestLogKeySigned) {
  v1::Roster roster = exchange_.roster();
  roster.mutable_hub()->add_log_keys(test::signing_public("hub log 2").spki());
  log_.set_log_keys({"hub log 1", "hub log 2"});
  enter(exchange_.next_roster(roster, test::four_members, log_.directory()));
  const auto signed_by = [&](const std::vector<std::string>& keys) {
    return outcome([&](EvidenceParts& p) {
      p.checkpoint = test::signed_checkpoint(exchange_.roster().hub().origin_line(), log_.size(),
                                             log_.tree().root(), keys);
    });
  };
  EXPECT_EQ(signed_by({"hub log 2"}), "good");
  EXPECT_EQ(signed_by({"hub log 1", "hub log 2"}), "good");
  EXPECT_EQ(signed_by({"hub log 1"}), "bad-checkpoint");
}

TEST_F(EvidenceTest, ACheckpointKeepsTheNewestLineOfEachWitness) {
  const std::string& origin = exchange_.roster().hub().origin_line();
  const ledger::Checkpoint head{.origin = origin, .size = log_.size(), .root = log_.tree().root()};
  EvidenceParts kept = parts();
  kept.checkpoint = must(evidence_checkpoint(
      note({"AM"}) + line_of("AM", head, kTimeS + 9) + line_of("BY", head, kTimeS, 2),
      log_.directory()));
  const EvidenceReport report = this->report(kept);
  ASSERT_EQ(report.witnesses.size(), 1U);
  EXPECT_EQ(report.witnesses[0].time_s, kTimeS + 9);
}

// C-207
TEST_F(EvidenceTest, EachRecordIsOfItsLeafAndTheLeafIsInTheLog) {
  EXPECT_EQ(outcome([&](EvidenceParts& p) { p.notice.leaf = leaf_at(statement_); }),
            "leaf-mismatch");
  EXPECT_EQ(outcome([&](EvidenceParts& p) {
              p.notice.envelope = envelope_at(notice_ - 1).bytes();
              p.notice.plaintext = record(notice_ - 1).plaintext;
            }),
            "leaf-mismatch");
  EXPECT_EQ(outcome([&](EvidenceParts& p) { p.notice.path = path_of(statement_); }),
            "bad-batch-path");
  EXPECT_EQ(outcome([&](EvidenceParts& p) { p.notice.index = notice_ - 1; }), "bad-batch-path");
  EXPECT_EQ(outcome([&](EvidenceParts& p) { p.notice = record(1); }), "leaf-mismatch")
      << "a directory entry is no notice";
  EXPECT_EQ(outcome([&](EvidenceParts& p) {
              ledger::Leaf leaf = must(ledger::parse_leaf(as_bytes(p.notice.leaf)));
              ++leaf.accepted_at_ms;
              p.notice.leaf = to_string(ledger::encode(leaf));
            }),
            "bad-batch-path");
}

// C-208
TEST_F(EvidenceTest, AVoidNoticeProvesNothing) {
  const std::string void_one =
      exchange_.sign(exchange_.seal(exchange_.draft("AM", {"BY", "RU"}), "text", log_.directory()),
                     test::node_key_name("BY", 1, "signing"));
  log_.append(std::vector{void_one});
  notice_ = log_.size() - 1;
  EXPECT_EQ(outcome([](EvidenceParts& p) {
              p.about.clear();
              p.counts.clear();
            }),
            "wrong-origin");
}

// C-209
TEST_F(EvidenceTest, APlaintextIsTheOneThatWasSignedFor) {
  EXPECT_EQ(outcome([&](EvidenceParts& p) { p.notice.plaintext = record(notice_ - 1).plaintext; }),
            "text-digest-mismatch");
  const EvidenceReport sealed = [&] {
    EvidenceParts p = parts();
    p.notice.plaintext.clear();
    return report(p);
  }();
  EXPECT_FALSE(sealed.text.has_value());
  EXPECT_EQ(sealed.sealed, true);
}

// C-201, C-209: of a body that is withheld nothing is said.
TEST_F(EvidenceTest, ABodyMayBeWithheld) {
  EvidenceParts hidden = parts();
  hidden.notice.hidden = true;
  const EvidenceReport report = this->report(hidden);
  EXPECT_FALSE(report.text.has_value());
  EXPECT_FALSE(report.sealed.has_value());
  EXPECT_TRUE(report.recipients[0].delivered.has_value());
  EXPECT_EQ(outcome_of_file([&](v1::EvidenceFile& f) {
              f.mutable_notice()->set_body_hash(to_string(body_digest(f.notice().body())));
            }),
            "malformed")
      << "a plaintext beside it";
  EXPECT_EQ(outcome_of_file([](v1::EvidenceFile& f) { f.mutable_notice()->clear_body(); }),
            "malformed");
  EXPECT_EQ(
      outcome_of_file([](v1::EvidenceFile& f) { f.mutable_notice()->set_body_hash("short"); }),
      "malformed");
}

// C-209
TEST_F(EvidenceTest, AClearBodyIsItsOwnText) {
  notice_ = publish_clear("clear");
  const auto alone = [](EvidenceParts& p) {
    p.about.clear();
    p.counts.clear();
  };
  EvidenceParts clear = parts();
  alone(clear);
  const EvidenceReport report = this->report(clear);
  EXPECT_EQ(report.sealed, false);
  EXPECT_EQ(report.text, test::TestExchange::text_of("clear"));
  EXPECT_EQ(outcome([&](EvidenceParts& p) {
              alone(p);
              p.notice.plaintext = test::TestExchange::text_of("clear");
            }),
            "malformed")
      << "said twice";
}

// C-210
TEST_F(EvidenceTest, WhatIsAboutItComesInOrderAndOnce) {
  EXPECT_EQ(outcome([](EvidenceParts& p) { std::swap(p.about[0], p.about[1]); }), "not-canonical");
  EXPECT_EQ(outcome([](EvidenceParts& p) { p.about.insert(p.about.begin(), p.about[0]); }),
            "not-canonical");
}

// C-211
TEST_F(EvidenceTest, AStatementIsOfARecipientToTheOriginAndCountsTheNotice) {
  const auto only = [&](std::uint64_t index) {
    return outcome([&](EvidenceParts& p) { p.about = {record(index)}; });
  };
  EXPECT_EQ(only(statement_), "good");
  EXPECT_EQ(only(state("KZ", log_.size())), "not-proven") << "of who is no recipient";
  EXPECT_EQ(only(state("BY", log_.size(), {}, "RU")), "not-proven") << "to another";
  EXPECT_EQ(only(state("BY", notice_)), "not-proven") << "of what is before it";
  EXPECT_EQ(only(state("RU", notice_, {notice_ + 1})), "not-proven") << "early, of another entry";
  sent_["BY"].erase(sent_["BY"].begin() + 1);
  EXPECT_EQ(only(state("BY", log_.size())), "not-proven") << "which does not count it";
  EXPECT_EQ(only(publish("BY", {"AM"}, "contact", text_of("no statement"))), "not-proven");
  EXPECT_EQ(outcome([&](EvidenceParts& p) { p.about[0].hidden = true; }), "not-proven")
      << "withheld";
}

// C-211: of another log, another exchange with the same keys.
TEST_F(EvidenceTest, AStatementOfAnotherLogIsNone) {
  test::TestExchange other({.name = "other"});
  test::TestLog log(other);
  log.found();
  PairCount count{.size = 3};
  count.add(false, envelope_at(notice_).d);
  const std::string envelope = other.publish(
      other.draft("BY", {"AM"}, kStatementKind),
      statement_text(count, {.peer = "AM", .root = {}, .early = {}, .unopenable = {}}),
      log.directory());
  log.append(std::vector{envelope});
  EXPECT_EQ(outcome([&](EvidenceParts& p) { p.about[0].envelope = envelope; }),
            "text-digest-mismatch");
  EXPECT_EQ(outcome([&](EvidenceParts& p) {
              p.about[0].envelope = envelope;
              p.about[0].plaintext.clear();
            }),
            "leaf-mismatch");
}

// C-212
TEST_F(EvidenceTest, ACountIsOfTheNoticeUnderTheRootThatAStatementNames) {
  const std::vector<Hash>& ds = sent_["BY"];
  const auto counted = [&](const v1::EvidenceCount& count) {
    return outcome([&](EvidenceParts& p) { p.counts = {count}; });
  };
  EXPECT_EQ(counted(evidence_count(ds, 1)), "good");
  EXPECT_EQ(counted(evidence_count(ds, 0)), "not-proven") << "a path of another D";
  EXPECT_EQ(outcome([](EvidenceParts& p) { p.counts.clear(); }), "not-proven");
  EXPECT_EQ(outcome([&](EvidenceParts& p) {
              p.counts.push_back(evidence_count(std::span(ds).first(2), 1));
            }),
            "not-proven")
      << "one that no statement names";
  v1::EvidenceCount changed = evidence_count(ds, 1);
  changed.mutable_paths(0)->set_index(2);
  EXPECT_EQ(counted(changed), "bad-batch-path");
  changed = evidence_count(ds, 1);
  changed.mutable_paths(0)->mutable_path(0)->back() ^= 1;
  EXPECT_EQ(counted(changed), "bad-batch-path");
  changed = evidence_count(ds, 1);
  *changed.add_paths() = changed.paths(0);
  EXPECT_EQ(counted(changed), "malformed");
  changed = evidence_count(ds, 1);
  changed.add_ds(to_string(ds[0]));
  EXPECT_EQ(counted(changed), "malformed");
  EXPECT_EQ(outcome_of_file([](v1::EvidenceFile& f) { *f.add_counts() = f.counts(0); }),
            "not-canonical");
}

TEST(CountPathTest, IsThePathThatATreeOfAllHas) {
  std::vector<Hash> ds;
  std::vector<Hash> leaves;
  for (std::uint64_t size = 1; size <= 40; ++size) {
    ds.push_back(crypto::sha256({u64_be(size)}));
    leaves.push_back(ledger::leaf_hash(ds.back()));
    for (std::uint64_t position = 0; position < size; ++position) {
      const v1::EvidenceCount count = evidence_count(ds, position);
      EXPECT_EQ(count.root(), as_view(ledger::tree_root(leaves)));
      std::vector<Hash> path;
      for (const std::string& hash : count.paths(0).path()) {
        path.push_back(hash_from(hash));
      }
      EXPECT_EQ(path, ledger::inclusion_proof(leaves, position)) << position << " of " << size;
      EXPECT_EQ(count.paths(0).index(), position);
      EXPECT_EQ(count.paths(0).tree_size(), size);
    }
  }
}

// C-212: the same hashes, and another number of them.
TEST_F(EvidenceTest, ACountHasTheNumberThatTheStatementSays) {
  PairCount count{.size = log_.size()};
  for (const Hash& d : sent_["BY"]) {
    count.add(false, d);
  }
  v1::Text text;
  ASSERT_TRUE(text.ParseFromString(
      statement_text(count, {.peer = "AM", .root = {}, .early = {}, .unopenable = {}})));
  v1::Statement statement;
  ASSERT_TRUE(statement.ParseFromString(text.content()));
  statement.mutable_received()->set_count(4);
  text.set_content(statement.SerializeAsString());
  const std::uint64_t index = publish("BY", {"AM"}, kStatementKind, text.SerializeAsString());
  EXPECT_EQ(outcome([&](EvidenceParts& p) { p.about = {record(index)}; }), "not-proven");
}

// C-213
TEST_F(EvidenceTest, AnAcknowledgementIsOfARecipientAndNamesTheNotice) {
  const auto only = [&](std::uint64_t index) {
    return outcome([&](EvidenceParts& p) {
      p.about = {record(index)};
      p.counts.clear();
    });
  };
  EXPECT_EQ(only(acknowledge("BY", v1::ACKNOWLEDGEMENT_LEVEL_ACTIONED)), "good");
  EXPECT_EQ(only(acknowledge("KZ", v1::ACKNOWLEDGEMENT_LEVEL_READ)), "not-proven");
  EXPECT_EQ(only(acknowledge("BY", v1::ACKNOWLEDGEMENT_LEVEL_READ, notice_ - 1)), "not-proven");
}

TEST_F(EvidenceTest, TheSizeOfTheLogIsNoMatter) {
  const EvidenceReport report = this->report(parts_in_a_log_of(100'000));
  EXPECT_EQ(report.size, 100'000U);
  EXPECT_EQ(report.index, notice_);
  EXPECT_TRUE(report.witnessed());
}

// C-214
TEST_F(EvidenceTest, APinIsAHeadOfTheSameLog) {
  const std::string file = must(evidence_bytes(parts()));
  const auto pinned = [&](const LogPin& pin) {
    return verify_evidence(file, exchange_.genesis(), pin);
  };
  EXPECT_EQ(must(pinned({.size = log_.size(), .root = log_.tree().root()})).pin, PinVerdict::kSame);
  EXPECT_EQ(test::outcome(pinned({.size = log_.size(), .root = {'r'}})), "foreign-log");
  EXPECT_EQ(must(pinned({.size = log_.size() - 1, .root = {'r'}})).pin, PinVerdict::kOtherSize);
  EXPECT_EQ(report(parts()).pin, PinVerdict::kNotAsked);
  EXPECT_EQ(must(parse_log_pin("12:" + hex(Hash{'r'}))), (LogPin{.size = 12, .root = {'r'}}));
  for (const char* const text : {"", "12", ":", "012:00", "12:xx", "-1:"}) {
    EXPECT_FALSE(parse_log_pin(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace chancery::exchange
