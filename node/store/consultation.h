// What a node's store has of a consultation, and what that comes to: core/workflow/consultation.h
// has the rules, protocol chapter 15 as well.
//
// The store answers what the fold asks about the log: roots, rosters and witnesses at any size up
// to where it has followed. So a stopped node's store is as good as a running one.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chancery/v1/local.pb.h"
#include "core/base/result.h"
#include "core/exchange/envelope.h"
#include "core/workflow/consultation.h"
#include "node/store/node_store.h"

namespace chancery::node {

// An entry as it is held. No text where its body was erased.
struct HeldNotice {
  exchange::Envelope envelope;
  std::optional<std::string> text;  // Without padding.
};

[[nodiscard]] Result<HeldNotice> held_notice(NodeStore& store, std::uint64_t index);

struct HeldConsultation {
  v1::Draft draft;  // Of the opening.
  bool sealed = true;
  std::string subject;
  std::vector<workflow::ConsultationEntry> entries;  // The opening first.
  workflow::Outcome outcome;
};

// What the fold asks about the log, of the log in this store. What keeps it from being read is in
// failure(), and the answers are worth nothing then. Lives no longer than the store.
class StoredLog {
 public:
  explicit StoredLog(NodeStore& store) : store_(store) {}

  [[nodiscard]] workflow::LogView view();
  [[nodiscard]] Result<void> failure() const { return failure_; }
  [[nodiscard]] NodeStore& store() const { return store_; }

 private:
  Result<std::optional<workflow::Cut>> cut(std::string_view checkpoint);
  Result<const exchange::Directory*> directory_below(std::uint64_t size);

  NodeStore& store_;
  // By the index of the entry that made each.
  std::map<std::uint64_t, exchange::Directory> directories_;
  std::map<std::string, std::optional<workflow::Cut>, std::less<>> cuts_;
  Result<void> failure_;
};

// kNotFound where no good opening of this N is held; kBodyErased where the body of an entry is not
// there any more, without which nobody can say what it comes to.
[[nodiscard]] Result<HeldConsultation> read_consultation(StoredLog& log, const Hash& opening);

// On which openings a draft of this member would be a word, if it were logged next, after what this
// node has said about them and the hub has not logged yet; nothing where
// it is of no consultation. Before anything is promised of it: kInvalidKind where it would not
// count, kNotFound where its opening is not held here.
[[nodiscard]] Result<std::vector<Hash>> judge_word(NodeStore& store, const v1::Draft& draft,
                                                   const Hash& n, std::string_view text);

// As show_consultations() gives one.
[[nodiscard]] Result<v1::Consultation> show_consultation(StoredLog& log, const Hash& opening);

inline constexpr std::size_t kConsultationsMax = 100;

// kUsage where a prefix is too short or means several, kNotFound.
[[nodiscard]] Result<v1::ConsultationReply> show_consultations(
    NodeStore& store, const v1::ConsultationRequest& request);

}  // namespace chancery::node
