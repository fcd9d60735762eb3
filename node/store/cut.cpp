#include "node/store/cut.h"

namespace chancery::node {
namespace {

constexpr std::size_t kShort = 16;

std::size_t find(std::string_view part, std::string_view in) {
  return part.size() < kShort ? std::string_view::npos : in.find(part);
}

}  // namespace

Cut cut(std::string_view envelope, std::string_view draft, std::string_view text) {
  const std::size_t draft_at = find(draft, envelope);
  if (draft_at == std::string_view::npos) {
    return {.bytes = std::string(envelope)};
  }
  const std::string_view rest = envelope.substr(draft_at + draft.size());
  Cut made{.bytes = std::string(envelope.substr(0, draft_at)), .draft_at = draft_at};
  const std::size_t text_at = find(text, rest);
  if (text_at == std::string_view::npos) {
    made.bytes += rest;
    return made;
  }
  made.text_at = draft_at + text_at;
  made.bytes += rest.substr(0, text_at);
  made.bytes += rest.substr(text_at + text.size());
  return made;
}

}  // namespace chancery::node
