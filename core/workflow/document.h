// Documents: a draft is put to members, commented on, written anew, and adopted.
//
//   draft (version 1) -> comment ... -> version 2 -> comment | adopt ... -> adopted by all
//
// The fold below takes the entries of one draft in the order of the log, and says which versions
// there are and who stood where on which of them. It is a pure function: every party computes the
// same. Protocol chapter 17 (C-250 to C-255).

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chancery/v1/envelope.pb.h"
#include "chancery/v1/notices.pb.h"
#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/workflow/thread.h"

namespace chancery::workflow {

inline constexpr std::string_view kDocumentKinds = "document.";

struct DocumentEntry : Entry {
  std::variant<v1::DocumentDraft, v1::DocumentComment, v1::DocumentVersion, v1::DocumentAdopt>
      content;
};

// The entry of a notice; nothing where it is of no document. `text` as consultation_entry() takes
// it. kMalformed where it cannot be read as its kind.
[[nodiscard]] Result<std::optional<DocumentEntry>> document_entry(const v1::Draft& draft,
                                                                  const Hash& n,
                                                                  std::uint64_t index,
                                                                  std::string_view text);

// Of one member on one version.
struct Position {
  std::uint64_t comments = 0;
  std::optional<std::size_t> adoption;  // Its place among the entries.

  [[nodiscard]] bool operator==(const Position&) const = default;
};

struct Edition {
  std::uint32_t version = 1;
  std::size_t at = 0;  // Its place among the entries.
  bool is_cancelled = false;
  std::map<std::string, Position> positions;  // Of those who said something.

  [[nodiscard]] bool operator==(const Edition&) const = default;
};

enum class DocumentState : std::uint8_t {
  kOpen = 0,
  kAdopted = 1,
  kCancelled = 2,
  kSuperseded = 3,  // By another draft.
};

struct DocumentOutcome {
  DocumentState state = DocumentState::kOpen;
  std::uint32_t adopted = 0;                    // Which version, where one is.
  std::vector<Edition> editions;                // By version, the draft's first.
  std::vector<std::string> parties;             // The author and those that were asked, ascending.
  std::vector<std::optional<Ignored>> ignored;  // Of each entry.

  [[nodiscard]] bool operator==(const DocumentOutcome&) const = default;
};

// Whether a draft is one: kInvalidKind says what is wrong with it. Nothing follows from another.
[[nodiscard]] Result<void> check_draft(const DocumentEntry& draft);

// What came of the draft that is the first entry, which check_draft() finds good. The others are
// any of documents, ascending by index.
[[nodiscard]] DocumentOutcome fold_document(std::span<const DocumentEntry> entries,
                                            const Roster& roster);

}  // namespace chancery::workflow
