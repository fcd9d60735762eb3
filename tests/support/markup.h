// Whether a page is well formed, for tests. Pure.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace chancery::test {

// That each element is closed where it was opened, and that text has neither `<` nor a bare `&`.
// The system stories have it read by a parser of XML. Empty is well formed.
[[nodiscard]] inline std::string unbalanced_markup(std::string_view page) {
  std::vector<std::string> open;
  std::size_t at = page.find("<html");
  while (at < page.size()) {
    const std::size_t next = page.find_first_of("<&", at);
    if (next == std::string_view::npos) {
      break;
    }
    if (page[next] == '&') {
      const std::size_t end = page.find(';', next);
      if (end == std::string_view::npos || end - next > 6) {
        return "a bare & at " + std::to_string(next);
      }
      at = end;
      continue;
    }
    const std::size_t end = page.find('>', next);
    const std::string tag(page.substr(next + 1, end - next - 1));
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) {
        return "</" + tag.substr(1) + "> closes " + (open.empty() ? "nothing" : open.back());
      }
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
    at = end + 1;
  }
  return open.empty() ? "" : "open: " + open.back();
}

}  // namespace chancery::test
