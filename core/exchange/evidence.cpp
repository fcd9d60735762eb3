#include "core/exchange/evidence.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "chancery/v1/notices.pb.h"
#include "chancery/v1/text.pb.h"
#include "core/base/encoding.h"
#include "core/exchange/completeness.h"
#include "core/exchange/envelope.h"
#include "core/exchange/kinds.h"
#include "core/exchange/policy.h"
#include "core/exchange/seal.h"
#include "core/exchange/strict.h"
#include "core/exchange/witnesses.h"
#include "core/ledger/checkpoint.h"
#include "core/ledger/leaf.h"
#include "core/ledger/proof.h"
#include "core/ledger/tlog_proof.h"
#include "core/ledger/tree.h"

namespace chancery::exchange {
namespace {

std::unexpected<Error> of(std::string_view what, Error error) {
  error.detail = std::string(what) + ": " + error.detail;
  return std::unexpected(std::move(error));
}

Result<Envelope> parse_record(const v1::EvidenceRecord& record, const Hash& genesis) {
  switch (record.body_form_case()) {
    case v1::EvidenceRecord::kBody:
      return parse_envelope(envelope_bytes(record.header(), record.body(), record.signatures()),
                            genesis);
    case v1::EvidenceRecord::kBodyHash:
      if (record.body_hash().size() != Hash{}.size()) {
        return fail(ErrorCode::kMalformed, "the hash of a body is not 32 bytes");
      }
      return parse_envelope(
          erased_bytes(record.header(), hash_from(record.body_hash()), record.signatures()),
          genesis, Bodies::kMaybeErased);
    case v1::EvidenceRecord::BODY_FORM_NOT_SET:
      break;
  }
  return fail(ErrorCode::kMalformed, "neither a body nor its hash");
}

// What a text_digest covers, of what is disclosed.
Result<std::optional<std::string>> disclosed_text(const v1::EvidenceRecord& record,
                                                  const Envelope& envelope) {
  if (envelope.erased.has_value() || !envelope.sealed()) {
    if (!record.plaintext().empty()) {
      return fail(ErrorCode::kMalformed, "a plaintext beside a body that is not sealed");
    }
    return envelope.erased.has_value() ? std::optional<std::string>()
                                       : std::optional(envelope.body.clear());
  }
  if (record.plaintext().empty()) {
    return std::optional<std::string>();
  }
  if (as_view(text_digest(record.plaintext())) != envelope.draft.text_digest()) {
    return fail(ErrorCode::kTextDigestMismatch, "the plaintext is not the one signed for");
  }
  CHANCERY_TRY(std::string text, unpad_text(record.plaintext()));
  return std::optional(std::move(text));
}

// The proof of a leaf, under the one checkpoint of the file.
Result<ledger::TlogProof> parse_proof(const std::string& text, std::string_view checkpoint) {
  CHANCERY_TRY(ledger::TlogProof proof, ledger::parse_tlog_proof(text));
  if (!proof.extra.empty()) {
    return fail(ErrorCode::kMalformed, "a proof with an extra line");
  }
  if (proof.checkpoint != checkpoint) {
    return fail(ErrorCode::kNotProven, "a proof under another checkpoint");
  }
  return proof;
}

struct Logged {
  Envelope envelope;
  std::optional<std::string> text;
  ledger::Leaf leaf;
  ledger::TlogProof proof;

  [[nodiscard]] SaidBy said() const {
    return {.index = proof.index, .accepted_at_ms = leaf.accepted_at_ms};
  }
};

Result<Logged> parse_logged(const v1::EvidenceRecord& record, const Hash& genesis,
                            std::string_view checkpoint) {
  Logged logged;
  CHANCERY_TRY(logged.envelope, parse_record(record, genesis));
  CHANCERY_TRY(logged.text, disclosed_text(record, logged.envelope));
  CHANCERY_TRY(logged.leaf, ledger::parse_leaf(as_bytes(record.leaf())));
  CHANCERY_TRY(logged.proof, parse_proof(record.proof(), checkpoint));
  if (logged.leaf.type != ledger::LeafType::kNotice || logged.leaf.entry != logged.envelope.entry) {
    return fail(ErrorCode::kLeafMismatch, logged.envelope.name() + " is not of its leaf");
  }
  return logged;
}

// One line of each key at most, and of no others: so no byte of the note is without a signature.
Result<void> check_lines(const ledger::Note& note, std::span<const ledger::NoteKey> keys) {
  std::set<std::size_t> seen;
  for (const ledger::NoteSignature& line : note.signatures) {
    const auto key =
        std::ranges::find_if(keys, [&](const ledger::NoteKey& k) { return k.named_by(line); });
    if (key == keys.end()) {
      return fail(ErrorCode::kBadCheckpoint,
                  "a line of " + line.name + ", which neither is the log's nor of a witness");
    }
    if (!seen.insert(static_cast<std::size_t>(key - keys.begin())).second) {
      return fail(ErrorCode::kBadCheckpoint, "two lines of " + line.name);
    }
  }
  return {};
}

std::vector<ledger::NoteKey> all_keys(const Directory& directory, const WitnessSet& witnesses) {
  std::vector<ledger::NoteKey> keys = directory.log_keys();
  keys.insert(keys.end(), witnesses.keys.begin(), witnesses.keys.end());
  return keys;
}

bool is_early(const v1::Statement& statement, std::uint64_t index) {
  return std::ranges::any_of(statement.early(),
                             [&](const v1::EntryRef& ref) { return ref.index() == index; });
}

constexpr std::string_view kTallyKind = "consultation.tally";

// Nothing where it is none, or does not parse.
std::optional<v1::ConsultationTally> tally_in(const v1::Draft& draft, const v1::Text& text) {
  if (draft.kind() != kTallyKind) {
    return std::nullopt;
  }
  auto tally = parse_wire<v1::ConsultationTally>(text.content(), Reading::kOpen);
  return tally.has_value() ? std::optional(*std::move(tally)) : std::nullopt;
}

// Whether an entry is of the thread that a notice began: it answers it, or takes its place.
bool is_about(const v1::Draft& draft, const v1::Text& text, const Hash& notice) {
  const std::string_view n = as_view(notice);
  const std::optional<v1::ConsultationTally> tally = tally_in(draft, text);
  return text.in_reply_to() == n ||
         std::ranges::find(text.supersedes(), n) != text.supersedes().end() ||
         (tally.has_value() && tally->open() == n);
}

struct Head {
  ledger::Leaf leaf;
  ledger::TlogProof proof;

  [[nodiscard]] std::uint64_t size() const { return proof.index + 1; }
};

class Verifier {
 public:
  Verifier(const v1::EvidenceFile& file, const Hash& genesis)
      : file_(file), genesis_(genesis), directory_(genesis) {}

  Result<EvidenceReport> verify(const std::optional<LogPin>& pin) {
    CHANCERY_TRY_VOID(parse());
    CHANCERY_TRY_VOID(fold());
    CHANCERY_TRY_VOID(open_checkpoint());
    CHANCERY_TRY_VOID(check_pin(pin));
    CHANCERY_TRY_VOID(check_inclusion());
    CHANCERY_TRY_VOID(judge());
    describe();
    CHANCERY_TRY_VOID(take_what_was_said());
    return std::move(report_);
  }

 private:
  // Form, and that each envelope is of its leaf.
  Result<void> parse() {
    const Result<ledger::TlogProof> last = ledger::parse_tlog_proof(file_.last_proof());
    if (!last.has_value()) {
      return of("the proof of the last leaf", last.error());
    }
    CHANCERY_TRY(last_proof_, parse_proof(file_.last_proof(), last->checkpoint));
    CHANCERY_TRY(last_leaf_, ledger::parse_leaf(as_bytes(file_.last_leaf())));
    CHANCERY_TRY_VOID(add("the notice", file_.notice()));
    for (const v1::EvidenceRecord& record : file_.about()) {
      const std::uint64_t before = logged_.back().proof.index;
      const std::string what = "record " + std::to_string(logged_.size());
      CHANCERY_TRY_VOID(add(what, record));
      if (logged_.back().proof.index <= before) {
        return fail(ErrorCode::kNotCanonical, what + ": records ascend by index after the notice");
      }
    }
    for (const v1::EvidenceHead& head : file_.heads()) {
      Head& added = heads_.emplace_back();
      CHANCERY_TRY(added.leaf, ledger::parse_leaf(as_bytes(head.leaf())));
      CHANCERY_TRY(added.proof, parse_proof(head.proof(), last_proof_.checkpoint));
      if (heads_.size() > 1 && added.size() <= heads_[heads_.size() - 2].size()) {
        return fail(ErrorCode::kNotCanonical, "heads ascend by size, each once");
      }
    }
    return {};
  }

  Result<void> add(const std::string& what, const v1::EvidenceRecord& record) {
    Result<Logged> logged = parse_logged(record, genesis_, last_proof_.checkpoint);
    if (!logged.has_value()) {
      return of(what, logged.error());
    }
    logged_.push_back(*std::move(logged));
    return {};
  }

  // Every entry of the directory, as a node folds it; what leaves name of it is kept.
  Result<void> fold() {
    std::vector<std::pair<std::uint64_t, Hash>> naming;  // By index, the state that is named.
    naming.reserve(logged_.size() + heads_.size());
    for (const Logged& logged : logged_) {
      naming.emplace_back(logged.proof.index, logged.leaf.directory);
    }
    for (const Head& head : heads_) {
      naming.emplace_back(head.proof.index, head.leaf.directory);
    }
    std::ranges::sort(naming);
    std::set<Hash> named;
    for (const auto& [index, directory] : naming) {
      named.insert(directory);
    }
    std::map<Hash, std::uint64_t> numbers;  // Of states, in their order.
    for (const v1::EvidenceRecord& record : file_.directory()) {
      const std::string what = "directory entry " + std::to_string(report_.directory_entry_count);
      ++report_.directory_entry_count;
      if (!record.has_body() || !record.plaintext().empty() || !record.leaf().empty() ||
          !record.proof().empty()) {
        return fail(ErrorCode::kMalformed, what + ": it is an envelope, and no more");
      }
      const Result<Envelope> envelope = parse_record(record, genesis_);
      if (!envelope.has_value()) {
        return of(what, envelope.error());
      }
      if (const Result<void> applied = directory_.apply(*envelope, cache_); !applied.has_value()) {
        return of(what, applied.error());
      }
      if (named.contains(directory_.root())) {
        report_.directories.insert_or_assign(directory_.root(), directory_);
        numbers.insert_or_assign(directory_.root(), report_.directory_entry_count);
      }
    }
    if (!directory_.founded() || directory_.root() != last_leaf_.directory) {
      return fail(ErrorCode::kDirectoryMismatch,
                  "the last leaf names " + hex(last_leaf_.directory) +
                      ", which the directory entries do not fold to: one is left out, or too many");
    }
    std::uint64_t before = 0;
    for (const auto& [index, directory] : naming) {
      const auto number = numbers.find(directory);
      if (number == numbers.end() || number->second < before) {
        return fail(ErrorCode::kDirectoryMismatch, "entry " + std::to_string(index) + " names " +
                                                       hex(directory) +
                                                       ", which the directory was not then");
      }
      before = number->second;
    }
    return {};
  }

  Result<void> open_checkpoint() {
    const std::string& text = last_proof_.checkpoint;
    const std::vector<ledger::NoteKey> log_keys = directory_.log_keys();
    const WitnessSet witnesses = witnesses_of(directory_);
    CHANCERY_TRY(const ledger::SignedCheckpoint opened, ledger::open_checkpoint(text, log_keys));
    CHANCERY_TRY_VOID(ledger::open_checkpoint(text, log_keys.back()));
    CHANCERY_TRY_VOID(check_lines(opened.note, all_keys(directory_, witnesses)));
    CHANCERY_TRY(const std::vector<ledger::Cosignature> cosignatures,
                 ledger::verify_cosignatures(opened.note, witnesses.keys));
    const std::size_t prefix = witness_name(opened.checkpoint.origin, "").size();
    for (const ledger::Cosignature& cosignature : cosignatures) {
      report_.witnesses.push_back(
          {.member = witnesses.keys[cosignature.witness].name.substr(prefix),
           .time_s = cosignature.time_s});
    }
    report_.witness_count = witnesses.keys.size();
    report_.quorum = witnesses.quorum;
    report_.witnessed_at_s = quorum_time(witnesses, cosignatures);
    report_.origin_line = opened.checkpoint.origin;
    report_.size = opened.checkpoint.size;
    report_.root = opened.checkpoint.root;
    return {};
  }

  Result<void> check_pin(const std::optional<LogPin>& pin) {
    if (!pin.has_value()) {
      return {};
    }
    if (pin->size != report_.size) {
      report_.pin = PinVerdict::kOtherSize;
      return {};
    }
    if (pin->root != report_.root) {
      return fail(ErrorCode::kForeignLog, "the file is of a log whose root at size " +
                                              std::to_string(report_.size) + " is " +
                                              hex(report_.root));
    }
    report_.pin = PinVerdict::kSame;
    return {};
  }

  Result<void> check_inclusion() {
    if (last_proof_.index + 1 != report_.size) {
      return fail(ErrorCode::kNotProven, "the last leaf is at " +
                                             std::to_string(last_proof_.index) +
                                             ", and the log has " + std::to_string(report_.size));
    }
    CHANCERY_TRY_VOID(included("the last leaf", last_leaf_, last_proof_));
    for (const Logged& logged : logged_) {
      CHANCERY_TRY_VOID(included(logged.envelope.name(), logged.leaf, logged.proof));
    }
    for (const Head& head : heads_) {
      CHANCERY_TRY_VOID(
          included("the head of size " + std::to_string(head.size()), head.leaf, head.proof));
      ProvenHead& proven = report_.heads[head.size()];
      proven.directory = head.leaf.directory;
      CHANCERY_TRY(proven.root,
                   ledger::root_ending_with(ledger::leaf_hash(head.leaf), head.proof.index,
                                            report_.size, head.proof.path));
    }
    return {};
  }

  Result<void> included(const std::string& what, const ledger::Leaf& leaf,
                        const ledger::TlogProof& proof) {
    const Result<void> found = ledger::verify_inclusion(ledger::leaf_hash(leaf), proof.index,
                                                        report_.size, proof.path, report_.root);
    return found.has_value() ? found : of(what, found.error());
  }

  Result<void> judge() {
    for (const Logged& logged : logged_) {
      const Result<void> good =
          judge_notice(logged.envelope, report_.directories.at(logged.leaf.directory), cache_);
      if (!good.has_value()) {
        return of(logged.envelope.name(), good.error());
      }
    }
    return {};
  }

  void describe() {
    const Logged& notice = logged_.front();
    const Envelope& envelope = notice.envelope;
    const Directory& directory = report_.directories.at(notice.leaf.directory);
    report_.genesis = genesis_;
    report_.exchange = directory_.roster().exchange();
    report_.notice = envelope.notice;
    report_.d = envelope.d;
    report_.index = notice.proof.index;
    report_.accepted_at_ms = notice.leaf.accepted_at_ms;
    report_.created_at_us = envelope.header.created_at_us();
    report_.draft = envelope.draft;
    report_.directory = notice.leaf.directory;
    for (const Signature& signature : envelope.signatures) {
      if (signature.batch.has_value()) {
        report_.signing_key = signature.key_id;
      } else if (const PersonInfo* const person = directory.active_person(signature.key_id);
                 person != nullptr) {
        report_.released_by.push_back(person->name);
      }
    }
    for (const v1::Recipient& recipient : envelope.draft.recipients()) {
      report_.recipients.push_back({.member = recipient.member(), .role = recipient.role()});
    }
    if (!envelope.erased.has_value()) {
      report_.sealed = envelope.sealed();
    }
    report_.text = notice.text;
  }

  Result<void> take_what_was_said() {
    CHANCERY_TRY_VOID(check_counts());
    for (std::size_t i = 1; i < logged_.size(); ++i) {
      const Logged& record = logged_[i];
      const std::string what = "entry " + std::to_string(record.proof.index);
      if (!record.text.has_value()) {
        return fail(ErrorCode::kNotProven, what + ": its text is withheld");
      }
      if (const Result<void> taken = take(record, *record.text); !taken.has_value()) {
        return of(what, taken.error());
      }
    }
    if (used_counts_.size() != counts_.size()) {
      return fail(ErrorCode::kNotProven, "a count that no statement names");
    }
    if (used_heads_.size() != heads_.size()) {
      return fail(ErrorCode::kNotProven, "a head that no tally names");
    }
    return {};
  }

  Result<void> take(const Logged& record, const std::string& text) {
    const v1::Draft& draft = record.envelope.draft;
    if (draft.kind() != kStatementKind && draft.kind() != kAcknowledgementKind) {
      return take_thread(record, text);
    }
    const auto recipient =
        std::ranges::find(report_.recipients, draft.origin(), &RecipientEvidence::member);
    if (recipient == report_.recipients.end()) {
      return fail(ErrorCode::kNotProven, "of " + draft.origin() + ", which is no recipient");
    }
    return draft.kind() == kStatementKind ? take_statement(record, text, *recipient)
                                          : take_acknowledgement(record, text, *recipient);
  }

  Result<void> take_thread(const Logged& record, const std::string& text) {
    const v1::Draft& draft = record.envelope.draft;
    CHANCERY_TRY(const v1::Text parsed, parse_text(draft.kind(), text));
    if (!is_about(draft, parsed, report_.notice)) {
      return fail(ErrorCode::kNotProven,
                  "neither a statement, nor an acknowledgement, nor an answer to the notice");
    }
    const std::optional<std::uint64_t> size = tallied_size(draft, parsed, record.proof.index);
    if (size.has_value() && !report_.heads.contains(*size)) {
      return fail(ErrorCode::kNotProven,
                  "a tally without the head of size " + std::to_string(*size));
    }
    if (size.has_value()) {
      used_heads_.insert(*size);
    }
    report_.thread.push_back({.by = record.said(),
                              .notice = record.envelope.notice,
                              .draft = draft,
                              .text = text,
                              .directory = record.leaf.directory});
    return {};
  }

  Result<void> take_statement(const Logged& record, const std::string& text,
                              RecipientEvidence& recipient) {
    const std::string& peer = report_.draft.origin();
    if (record.envelope.recipient_codes() != std::vector<std::string>{peer}) {
      return fail(ErrorCode::kNotProven, "a statement to others than " + peer);
    }
    CHANCERY_TRY(const v1::Statement statement, parse_statement(text, peer, record.proof.index));
    const bool early = is_early(statement, report_.index);
    if (!early) {
      CHANCERY_TRY_VOID(check_counted(statement));
    }
    if (!recipient.delivered.has_value()) {
      recipient.delivered =
          DeliveryEvidence{.by = record.said(), .size = statement.size(), .early = early};
    }
    return {};
  }

  // One path each, of the notice's D; by root, each once.
  Result<void> check_counts() {
    for (const v1::EvidenceCount& count : file_.counts()) {
      const bool is_one =
          count.root().size() == Hash{}.size() && count.ds().empty() && count.paths_size() == 1;
      if (!is_one) {
        return fail(ErrorCode::kMalformed, "a count has a root and one path");
      }
      const Hash root = hash_from(count.root());
      if (!counts_.empty() && root <= counts_.rbegin()->first) {
        return fail(ErrorCode::kNotCanonical, "counts ascend by root, each once");
      }
      const v1::EvidencePath& path = count.paths(0);
      if (path.d() != as_view(report_.d)) {
        return fail(ErrorCode::kNotProven, "a count of another entry than the notice's");
      }
      std::vector<Hash> hashes;
      for (const std::string& hash : path.path()) {
        if (hash.size() != Hash{}.size() || hashes.size() == ledger::kTlogProofPathMax) {
          return fail(ErrorCode::kMalformed, "the path of a count");
        }
        hashes.push_back(hash_from(hash));
      }
      const Result<void> included = ledger::verify_inclusion(
          ledger::leaf_hash(report_.d), path.index(), path.tree_size(), hashes, root);
      if (!included.has_value()) {
        return of("a count", included.error());
      }
      counts_.emplace(root, path.tree_size());
    }
    return {};
  }

  Result<void> check_counted(const v1::Statement& statement) {
    if (statement.size() <= report_.index) {
      return fail(ErrorCode::kNotProven, "a statement of " + std::to_string(statement.size()) +
                                             " entries, which the notice is not among");
    }
    const auto count = counts_.find(hash_from(statement.received().root()));
    if (count == counts_.end() || count->second != statement.received().count()) {
      return fail(ErrorCode::kNotProven, "a statement without the count that has the notice");
    }
    used_counts_.insert(count->first);
    return {};
  }

  Result<void> take_acknowledgement(const Logged& record, const std::string& text,
                                    RecipientEvidence& recipient) {
    CHANCERY_TRY(const v1::Acknowledgement said, parse_acknowledgement(text));
    if (said.notice() != as_view(report_.notice)) {
      return fail(ErrorCode::kNotProven, "an acknowledgement of another notice");
    }
    std::optional<SaidBy>& level =
        said.level() == v1::ACKNOWLEDGEMENT_LEVEL_READ ? recipient.read : recipient.actioned;
    if (!level.has_value()) {
      level = record.said();
    }
    return {};
  }

  const v1::EvidenceFile& file_;
  const Hash& genesis_;
  RootCache cache_;
  Directory directory_;         // All of it.
  std::vector<Logged> logged_;  // The notice, then what is about it.
  std::vector<Head> heads_;
  ledger::Leaf last_leaf_;
  ledger::TlogProof last_proof_;
  std::map<Hash, std::uint64_t> counts_;  // Root -> of how many.
  std::set<Hash> used_counts_;
  std::set<std::uint64_t> used_heads_;
  EvidenceReport report_;
};

Result<void> fill(const std::string& bytes, const Hash& genesis, bool hidden,
                  v1::EvidenceRecord& record) {
  CHANCERY_TRY(const Envelope envelope, parse_envelope(bytes, genesis, Bodies::kMaybeErased));
  record.set_header(envelope.header_bytes);
  record.set_signatures(envelope.signatures_bytes);
  if (envelope.erased.has_value() || hidden) {
    record.set_body_hash(to_string(envelope.erased.value_or(body_digest(envelope.body_bytes))));
  } else {
    record.set_body(envelope.body_bytes);
  }
  return {};
}

std::string proof_text(std::uint64_t index, const std::vector<Hash>& path,
                       const std::string& checkpoint) {
  return ledger::format_tlog_proof(
      {.extra = {}, .index = index, .path = path, .checkpoint = checkpoint});
}

Result<void> fill(const LoggedRecord& logged, const EvidenceParts& parts,
                  v1::EvidenceRecord& record) {
  CHANCERY_TRY_VOID(fill(logged.envelope, parts.genesis, logged.hidden, record));
  if (record.has_body()) {
    record.set_plaintext(logged.plaintext);
  }
  record.set_leaf(logged.leaf);
  record.set_proof(proof_text(logged.index, logged.path, parts.checkpoint));
  return {};
}

}  // namespace

Result<LogPin> parse_log_pin(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return fail(ErrorCode::kMalformed, "a head of a log is SIZE:ROOT");
  }
  LogPin pin;
  CHANCERY_TRY(pin.size, from_decimal(text.substr(0, colon)));
  CHANCERY_TRY(pin.root, hash_from_hex(text.substr(colon + 1)));
  return pin;
}

std::optional<std::uint64_t> tallied_size(const v1::Draft& draft, const v1::Text& text,
                                          std::uint64_t index) {
  const std::optional<v1::ConsultationTally> tally = tally_in(draft, text);
  if (!tally.has_value()) {
    return std::nullopt;
  }
  const Result<ledger::Checkpoint> named = ledger::parse_checkpoint(tally->cut());
  const bool is_before = named.has_value() && named->size > 0 && named->size <= index;
  return is_before ? std::optional(named->size) : std::nullopt;
}

Result<EvidenceReport> verify_evidence(std::string_view bytes, const Hash& genesis,
                                       const std::optional<LogPin>& pin) {
  CHANCERY_TRY(const v1::EvidenceFile file,
               parse_wire<v1::EvidenceFile>(
                   bytes, Reading::kStrict,
                   {.bytes_max = kEvidenceBytesMax, .element_count_max = kEvidenceElementsMax}));
  if (file.version() != kEvidenceVersion) {
    return fail(ErrorCode::kUnknownVersion,
                "an evidence file of version " + std::to_string(file.version()));
  }
  if (file.genesis() != as_view(genesis)) {
    return fail(ErrorCode::kWrongGenesis,
                "the file says that it is of " + hex(as_bytes(file.genesis())));
  }
  return Verifier(file, genesis).verify(pin);
}

Result<std::string> evidence_checkpoint(std::string_view note, const Directory& directory) {
  CHANCERY_TRY(const ledger::Note parsed, ledger::parse_note(note));
  const WitnessSet witnesses = witnesses_of(directory);
  ledger::Note kept{.text = parsed.text, .signatures = {}};
  for (const ledger::NoteKey& key : all_keys(directory, witnesses)) {
    const ledger::NoteSignature* newest = nullptr;
    for (const ledger::NoteSignature& line : parsed.signatures) {
      // A cosignature begins with its time, big-endian.
      if (key.named_by(line) && (newest == nullptr || newest->signature < line.signature)) {
        newest = &line;
      }
    }
    if (newest != nullptr) {
      kept.signatures.push_back(*newest);
    }
  }
  if (kept.signatures.empty()) {
    return fail(ErrorCode::kBadCheckpoint, "no line of it is the log's or of a witness");
  }
  return ledger::format_note(kept);
}

void CountPath::join_last_two() {
  const Subtree right = edge_.back();
  edge_.pop_back();
  Subtree& left = edge_.back();
  if (left.has_it || right.has_it) {
    path_.add_path(to_string(left.has_it ? right.root : left.root));
  }
  left = {.root = ledger::node_hash(left.root, right.root),
          .size = left.size + right.size,
          .has_it = left.has_it || right.has_it};
}

void CountPath::add(const Hash& d, bool is_it) {
  if (is_it) {
    path_.set_d(to_string(d));
    path_.set_index(count_);
  }
  ++count_;
  edge_.push_back({.root = ledger::leaf_hash(d), .size = 1, .has_it = is_it});
  while (edge_.size() > 1 && edge_[edge_.size() - 2].size == edge_.back().size) {
    join_last_two();
  }
}

v1::EvidenceCount CountPath::finish() {
  while (edge_.size() > 1) {
    join_last_two();
  }
  path_.set_tree_size(count_);
  v1::EvidenceCount count;
  count.set_root(to_string(edge_.front().root));
  *count.add_paths() = std::move(path_);
  return count;
}

Result<std::string> evidence_bytes(const EvidenceParts& parts) {
  v1::EvidenceFile file;
  file.set_version(kEvidenceVersion);
  file.set_genesis(to_string(parts.genesis));
  CHANCERY_TRY_VOID(fill(parts.notice, parts, *file.mutable_notice()));
  for (const LoggedRecord& record : parts.about) {
    CHANCERY_TRY_VOID(fill(record, parts, *file.add_about()));
  }
  std::map<std::string, const v1::EvidenceCount*> counts;
  for (const v1::EvidenceCount& count : parts.counts) {
    counts.emplace(count.root(), &count);
  }
  for (const auto& [root, count] : counts) {
    *file.add_counts() = *count;
  }
  for (const std::string& entry : parts.directory) {
    CHANCERY_TRY_VOID(fill(entry, parts.genesis, false, *file.add_directory()));
  }
  std::map<std::uint64_t, const LoggedLeaf*> heads;
  for (const LoggedLeaf& head : parts.heads) {
    heads.emplace(head.index, &head);
  }
  for (const auto& [index, head] : heads) {
    v1::EvidenceHead& added = *file.add_heads();
    added.set_leaf(head->leaf);
    added.set_proof(proof_text(index, head->path, parts.checkpoint));
  }
  file.set_last_leaf(parts.last_leaf);
  CHANCERY_TRY(const ledger::Checkpoint tree, ledger::parse_checkpoint(parts.checkpoint));
  file.set_last_proof(proof_text(tree.size - 1, parts.last_path, parts.checkpoint));
  std::string bytes = file.SerializeAsString();
  if (bytes.size() > kEvidenceBytesMax) {
    return fail(ErrorCode::kLimitExceeded,
                "an evidence file of " + std::to_string(bytes.size()) + " bytes");
  }
  return bytes;
}

}  // namespace chancery::exchange
