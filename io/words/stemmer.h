// The words of a text as a search compares them: in lower case, without their endings.
//
// A word that is written with the letters A to Z alone loses its endings by Snowball's rules for
// English, one of the letters of the Russian alphabet alone by those for Russian, whatever language
// it is of; any other word stays as it is. What stands for nothing that one sees is passed over,
// accents as well. Any bytes are a text: what is no UTF-8 ends a word.
//
// One thread at a time. See docs/internals/io.md.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct sb_stemmer;

namespace chancery::words {

inline constexpr std::size_t kStemmedBytesMax = 128;  // Longer words stay as they are.

class Stemmer {
 public:
  Stemmer();  // Needs memory alone.

  // Of each word of the text what is left of it, in order.
  [[nodiscard]] std::vector<std::string> stems(std::string_view text) const;
  // The same, with a space between two.
  [[nodiscard]] std::string line(std::string_view text) const;
  // The words with their endings.
  [[nodiscard]] static std::vector<std::string> whole(std::string_view text);

 private:
  struct Delete {
    void operator()(sb_stemmer* stemmer) const noexcept;
  };
  using Rules = std::unique_ptr<sb_stemmer, Delete>;

  Rules english_;
  Rules russian_;
};

}  // namespace chancery::words
