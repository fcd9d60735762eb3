// An evidence file, as an outsider gets it. First byte: 0 the bytes are the file; 1 one that was
// made here is spoilt by edits of its bytes, four bytes each; 2 by edits of its parts, three each:
// records, leaves, proofs, counts and entries dropped, doubled, moved, exchanged; 3 the same by
// edits of the parts of one that proves a consultation that was not agreed.
//
// Holds: a file with one other byte does not verify; what verifies says of the log, of the notice
// and of its recipients nothing that the honest file does not say; or it is of another notice that
// is in the honest file. No edit makes the consultation agreed, or tells of a party a position that
// it did not take.

#include "core/exchange/evidence.h"

#include <algorithm>
#include <optional>

#include "chancery/v1/notices.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/exchange/completeness.h"
#include "core/ledger/cosignature.h"
#include "core/workflow/consultation_evidence.h"
#include "tests/fuzz/input.h"
#include "tests/support/evidence_log.h"
#include "tests/support/exchange.h"
#include "tests/support/log.h"

namespace chancery::fuzz {
namespace {

using exchange::EvidenceReport;

constexpr std::uint64_t kTimeS = 1'800'000'000;

// Three members; AM tells BY and RU something, BY counts it, RU acknowledges it.
struct Honest {
  test::TestExchange exchange{{.adjust_roster = [](v1::Roster& roster) {
    roster.clear_members();
    for (const char* const code : {"AM", "BY", "RU"}) {
      *roster.add_members() = test::roster_member(code, v1::MEMBER_ROLE_MEMBER);
    }
    roster.set_assent(2);
    roster.clear_states();
  }}};
  test::TestLog log{exchange};
  std::string file;
  EvidenceReport report;

  Honest() {
    log.found();
    const exchange::Envelope notice =
        add("AM", {"BY", "RU"}, "contact", test::TestExchange::text_of("good day"));
    exchange::PairCount count{.size = log.size()};
    count.add(false, notice.d);
    add("BY", {"AM"}, exchange::kStatementKind,
        exchange::statement_text(count, {.peer = "AM", .root = {}, .early = {}, .unopenable = {}}));
    v1::Acknowledgement said;
    said.set_notice(to_string(notice.notice));
    said.set_level(v1::ACKNOWLEDGEMENT_LEVEL_READ);
    v1::Text text;
    text.set_content(said.SerializeAsString());
    add("RU", {"AM"}, exchange::kAcknowledgementKind, text.SerializeAsString());

    exchange::CountPath path;
    path.add(notice.d, true);
    const exchange::EvidenceParts parts{.genesis = exchange.genesis(),
                                        .checkpoint = note(),
                                        .directory = exchange.founding_entries(),
                                        .notice = record(4),
                                        .about = {record(5), record(6)},
                                        .counts = {path.finish()},
                                        .last_leaf = record(6).leaf,
                                        .last_path = record(6).path};
    file = test::must(exchange::evidence_bytes(parts));
    report = test::must(exchange::verify_evidence(file, exchange.genesis()));
  }

  exchange::Envelope add(const std::string& origin, const std::vector<std::string>& to,
                         std::string_view kind, const std::string& text) {
    const std::string envelope =
        exchange.sign(exchange.clear(exchange.draft(origin, to, kind), text),
                      test::node_key_name(origin, 1, "signing"));
    log.append(std::vector{envelope});
    return exchange.parse(envelope);
  }

  [[nodiscard]] exchange::LoggedRecord record(std::size_t index) const {
    std::vector<ledger::Leaf> leaves;
    std::vector<Hash> hashes;
    for (const v1::LogBatch& batch : log.batches()) {
      for (const ledger::Leaf& leaf : test::leaves_of(batch)) {
        leaves.push_back(leaf);
        hashes.push_back(ledger::leaf_hash(leaf));
      }
    }
    return {.index = index,
            .leaf = to_string(ledger::encode(leaves[index])),
            .path = ledger::inclusion_proof(hashes, index),
            .envelope = log.envelopes()[index]};
  }

  [[nodiscard]] std::string note() const {
    const std::string& origin = exchange.roster().hub().origin_line();
    const ledger::Checkpoint head{.origin = origin, .size = log.size(), .root = log.tree().root()};
    const std::vector<std::string> log_keys = {"hub log 1"};
    std::string text = test::signed_checkpoint(origin, head.size, head.root, log_keys);
    for (const char* const member : {"AM", "BY", "RU"}) {
      const std::string name = test::node_key_name(member, 1, "witness");
      const std::string message =
          ledger::cosignature_message(kTimeS, ledger::checkpoint_body(head));
      const std::string value = test::must(test::key_signer(name)->sign(as_bytes(message)));
      text += ledger::cosignature_line({.name = origin + "/" + member,
                                        .type = ledger::kNoteCosignature,
                                        .key = test::signing_public(name)},
                                       kTimeS, as_bytes(value));
    }
    return text;
  }
};

const Honest& honest() {
  static const Honest made;
  return made;
}

bool says_no_more(const EvidenceReport& found, const EvidenceReport& good) {
  if (found.recipients.size() != good.recipients.size() ||
      found.witnesses.size() > good.witnesses.size()) {
    return false;
  }
  for (std::size_t i = 0; i < good.recipients.size(); ++i) {
    const exchange::RecipientEvidence& said = found.recipients[i];
    const exchange::RecipientEvidence& true_one = good.recipients[i];
    if (said.member != true_one.member ||
        (said.delivered.has_value() && !true_one.delivered.has_value()) ||
        (said.read.has_value() && !true_one.read.has_value()) || said.actioned.has_value()) {
      return false;
    }
  }
  return !found.text.has_value() || found.text == good.text;
}

// Each of its records is a notice too, of which nobody said anything.
void check_other(const EvidenceReport& found) {
  const std::string& envelope = honest().log.envelopes()[static_cast<std::size_t>(found.index)];
  CHANCERY_CHECK(found.notice == honest().exchange.parse(envelope).notice);
  for (const exchange::RecipientEvidence& recipient : found.recipients) {
    CHANCERY_CHECK(!recipient.delivered.has_value() && !recipient.read.has_value() &&
                   !recipient.actioned.has_value());
  }
}

// Whether it verifies.
bool judge(std::string_view file) {
  const EvidenceReport& good = honest().report;
  const auto found = exchange::verify_evidence(file, honest().exchange.genesis());
  CHANCERY_CHECK(found.has_value() || file != honest().file);
  if (!found.has_value()) {
    return false;
  }
  CHANCERY_CHECK(found->size == good.size && found->root == good.root);
  if (found->index != good.index) {
    check_other(*found);
    return true;
  }
  CHANCERY_CHECK(found->notice == good.notice && found->d == good.d);
  CHANCERY_CHECK(found->accepted_at_ms == good.accepted_at_ms);
  CHANCERY_CHECK(found->draft.SerializeAsString() == good.draft.SerializeAsString());
  CHANCERY_CHECK(says_no_more(*found, good));
  return true;
}

void spoil_bytes(Input& input) {
  const std::string file = spoilt(honest().file, input);
  CHANCERY_CHECK(!judge(file) || !has_one_other_byte(file, honest().file));
}

// AM asks BY and RU, under silence: BY objects, RU says nothing, and all three tally.
struct Consulted : test::EvidenceLog {
  std::string file;
  workflow::Outcome outcome;

  Consulted() {
    v1::ConsultationOpen terms;
    terms.set_question("The communique?");
    terms.add_participants("BY");
    terms.add_participants("RU");
    terms.set_deadline_ms(kTimeS * 1000);
    terms.set_rule(v1::CONSULTATION_RULE_SILENCE);
    const std::uint64_t opening = say("AM", "open", terms, {});
    const std::string n = to_string(envelope_at(opening).notice);
    v1::ConsultationRespond response;
    response.set_position(v1::POSITION_OBJECT);
    const std::uint64_t objection = say("BY", "respond", response, n);
    const std::uint64_t cut = log_.size();
    std::vector<std::uint64_t> thread = {objection};
    for (const std::string member : {"AM", "BY", "RU"}) {
      v1::ConsultationTally tally;
      tally.set_open(n);
      tally.set_answer(member == "BY" ? v1::TALLY_ANSWER_OWN : v1::TALLY_ANSWER_NONE);
      tally.set_own(member == "BY" ? to_string(envelope_at(objection).notice) : "");
      tally.set_cut(note_of(cut));
      thread.push_back(say(member, "tally", tally, n));
    }
    exchange::EvidenceParts parts = parts_of(opening, thread);
    parts.heads = {head_of(cut)};
    file = test::must(exchange::evidence_bytes(parts));
    outcome = outcome_of(file).value_or(workflow::Outcome{});
    CHANCERY_CHECK(outcome.conclusion == workflow::Conclusion::kNotAgreed && outcome.is_final);
  }

  template <class Content>
  std::uint64_t say(const std::string& origin, const std::string& what, const Content& content,
                    const std::string& about) {
    v1::Text text;
    text.set_subject("communique");
    text.set_in_reply_to(about);
    text.set_content(content.SerializeAsString());
    std::vector<std::string> others = {"AM", "BY", "RU"};
    std::erase(others, origin);
    return publish(exchange_.draft(origin, others, "consultation." + what),
                   text.SerializeAsString());
  }

  // As at the size of now.
  [[nodiscard]] std::string note_of(std::uint64_t size) {
    if (cut_note_.empty()) {
      CHANCERY_CHECK(size == log_.size());
      cut_note_ = note(test::four_members);
    }
    return cut_note_;
  }

  // Nothing where the file does not verify, or its notice opens no consultation.
  [[nodiscard]] std::optional<workflow::Outcome> outcome_of(std::string_view bytes) const {
    const auto report = exchange::verify_evidence(bytes, exchange_.genesis());
    if (!report.has_value()) {
      return std::nullopt;
    }
    const auto proven = workflow::proven_consultation(*report);
    if (!proven.has_value()) {
      return std::nullopt;
    }
    const std::optional<workflow::ProvenConsultation>& consultation = *proven;
    return consultation.has_value() ? std::optional(consultation->outcome) : std::nullopt;
  }

  std::string cut_note_;
};

const Consulted& consulted() {
  static const Consulted made;
  return made;
}

void judge_consultation(std::string_view file) {
  const workflow::Outcome& good = consulted().outcome;
  const std::optional<workflow::Outcome> found = consulted().outcome_of(file);
  CHANCERY_CHECK(found.has_value() || file != consulted().file);
  if (!found.has_value()) {
    return;
  }
  CHANCERY_CHECK(found->conclusion != workflow::Conclusion::kAgreed);
  for (const workflow::Party& party : found->parties) {
    const auto told = std::ranges::find(good.parties, party.member, &workflow::Party::member);
    CHANCERY_CHECK(told != good.parties.end());
    CHANCERY_CHECK(party.standing == told->standing ||
                   party.standing == workflow::Standing::kUnheard ||
                   party.standing == workflow::Standing::kContested);
  }
}

template <class Repeated>
void edit(Repeated& parts, std::size_t what, Input& input) {
  if (parts.empty()) {
    return;
  }
  const auto size = static_cast<std::size_t>(parts.size());
  const auto one = static_cast<int>(input.choice(size));
  const auto other = static_cast<int>(input.choice(size));
  if (what == 0) {
    parts.DeleteSubrange(one, 1);
  } else if (what == 1) {
    const auto copy = parts.Get(one);
    *parts.Add() = copy;
  } else {
    parts.SwapElements(one, other);
  }
}

v1::EvidenceRecord& record(v1::EvidenceFile& file, std::size_t which) {
  const auto count = static_cast<std::size_t>(file.about_size());
  return which < count ? *file.mutable_about(static_cast<int>(which)) : *file.mutable_notice();
}

// What two records have is exchanged, of one field or of all.
void exchange_parts(v1::EvidenceFile& file, Input& input) {
  v1::EvidenceRecord& one = record(file, input.choice(5));
  v1::EvidenceRecord& other = record(file, input.choice(5));
  switch (input.choice(6)) {
    case 0:
      std::swap(*one.mutable_header(), *other.mutable_header());
      break;
    case 1:
      std::swap(*one.mutable_body(), *other.mutable_body());
      break;
    case 2:
      std::swap(*one.mutable_signatures(), *other.mutable_signatures());
      break;
    case 3:
      std::swap(*one.mutable_leaf(), *other.mutable_leaf());
      break;
    case 4:
      std::swap(*one.mutable_proof(), *other.mutable_proof());
      break;
    default:
      one.Swap(&other);
  }
}

void withhold(v1::EvidenceFile& file, Input& input) {
  v1::EvidenceRecord& one = record(file, input.choice(5));
  const Hash digest = exchange::body_digest(one.body());
  one.set_body_hash(to_string(digest));
}

std::string with_spoilt_parts(const std::string& honest, Input& input) {
  v1::EvidenceFile file;
  CHANCERY_CHECK(file.ParseFromString(honest));
  while (!input.empty()) {
    const std::size_t what = input.choice(4);
    switch (input.choice(6)) {
      case 0:
        edit(*file.mutable_about(), what, input);
        break;
      case 1:
        edit(*file.mutable_counts(), what, input);
        break;
      case 2:
        edit(*file.mutable_directory(), what, input);
        break;
      case 3:
        exchange_parts(file, input);
        break;
      case 4:
        withhold(file, input);
        break;
      default:
        edit(*file.mutable_heads(), what, input);
    }
  }
  return file.SerializeAsString();
}

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  chancery::fuzz::Input input(data, size);
  switch (input.choice(4)) {
    case 0:
      static_cast<void>(chancery::fuzz::judge(input.rest()));
      break;
    case 1:
      chancery::fuzz::spoil_bytes(input);
      break;
    case 2:
      static_cast<void>(chancery::fuzz::judge(
          chancery::fuzz::with_spoilt_parts(chancery::fuzz::honest().file, input)));
      break;
    default:
      chancery::fuzz::judge_consultation(
          chancery::fuzz::with_spoilt_parts(chancery::fuzz::consulted().file, input));
  }
  return 0;
}
