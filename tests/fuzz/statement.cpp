// What a member states that it counted, and what its people acknowledge, as other nodes get it.
// First byte: 0 the bytes are the text of a statement, 1 of an acknowledgement; 2 the content of a
// statement, 3 of an acknowledgement.
//
// Holds: what is taken is about the one who asked, of no more entries than the log has; its indices
// rise, each entry is in the log, and there are no more than the limit; an acknowledgement names a
// notice and a level. To be compared, nothing more is needed.

#include "chancery/v1/text.pb.h"
#include "core/exchange/completeness.h"
#include "tests/fuzz/input.h"

namespace chancery::fuzz {
namespace {

constexpr std::string_view kPeer = "AM";
constexpr std::uint64_t kSize = 1000;

std::string text_of(std::string_view content) {
  v1::Text text;
  text.set_content(std::string(content));
  return text.SerializeAsString();
}

template <class Indices>
void check_indices(const Indices& indices, std::uint64_t from) {
  CHANCERY_CHECK(static_cast<std::size_t>(indices.size()) <= exchange::kStatementIndicesMax);
  for (const auto& ref : indices) {
    CHANCERY_CHECK(ref.index() >= from && ref.index() < kSize);
    from = ref.index() + 1;
  }
}

void judge_statement(std::string_view text) {
  const auto said = exchange::parse_statement(text, kPeer, kSize);
  if (!said.has_value()) {
    return;
  }
  CHANCERY_CHECK(said->peer() == kPeer && said->size() > 0 && said->size() <= kSize);
  check_indices(said->early(), said->size());
  check_indices(said->unopenable(), 0);
  // Nothing was counted here: so it agrees where it says so, and only there.
  const exchange::PairCount none{.size = said->size()};
  const bool says_none = said->received().count() == 0 && said->sent().count() == 0;
  const bool agrees = exchange::compare(*said, none).has_value();
  const std::string empty(as_view(none.sent.root()));
  CHANCERY_CHECK(agrees ==
                 (says_none && said->received().root() == empty && said->sent().root() == empty));
}

void judge_acknowledgement(std::string_view text) {
  const auto said = exchange::parse_acknowledgement(text);
  if (said.has_value()) {
    CHANCERY_CHECK(said->notice().size() == Hash{}.size());
    CHANCERY_CHECK(said->level() == v1::ACKNOWLEDGEMENT_LEVEL_READ ||
                   said->level() == v1::ACKNOWLEDGEMENT_LEVEL_ACTIONED);
  }
}

}  // namespace
}  // namespace chancery::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace fuzz = chancery::fuzz;
  fuzz::Input input(data, size);
  switch (input.choice(4)) {
    case 0:
      fuzz::judge_statement(input.rest());
      break;
    case 1:
      fuzz::judge_acknowledgement(input.rest());
      break;
    case 2:
      fuzz::judge_statement(fuzz::text_of(input.rest()));
      break;
    default:
      fuzz::judge_acknowledgement(fuzz::text_of(input.rest()));
  }
  return 0;
}
