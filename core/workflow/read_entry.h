// Reads an entry of a workflow whose references are all in the text. Inner to core/workflow.

#pragma once

#include <optional>
#include <utility>

#include "core/exchange/strict.h"
#include "core/workflow/thread.h"

namespace chancery::workflow {

template <typename EntryOf, typename Content>
Result<std::optional<EntryOf>> read_entry(const v1::Draft& draft, const Hash& n,
                                          std::uint64_t index, const v1::Text& text) {
  EntryOf entry;
  CHANCERY_TRY(static_cast<Entry&>(entry), entry_of(draft, n, index, text));
  CHANCERY_TRY(entry.content,
               exchange::parse_wire<Content>(text.content(), exchange::Reading::kOpen));
  return std::optional(std::move(entry));
}

}  // namespace chancery::workflow
