#include "io/words/stemmer.h"

#include <libstemmer.h>

#include <utility>

#include "core/base/code_point.h"
#include "core/base/result.h"

namespace chancery::words {
namespace {

enum class Sort : std::uint8_t { kEnds, kPassedOver, kLatin, kRussian, kOther };

constexpr bool within(char32_t value, char32_t first, char32_t last) {
  return value >= first && value <= last;
}

// Of what is no ASCII: punctuation, symbols and spaces.
bool ends_word(char32_t value) {
  return within(value, 0x80, 0xbf) || value == 0xd7 || value == 0xf7 ||
         within(value, 0x2000, 0x2bff) || within(value, 0x2e00, 0x2e7f) ||
         within(value, 0x3000, 0x303f);
}

Sort sort_of(const CodePoint& point) {
  const char32_t value = point.value;
  if (value < 0x80) {
    return within(value, 'a', 'z') || within(value, 'A', 'Z') ? Sort::kLatin
           : within(value, '0', '9')                          ? Sort::kOther
                                                              : Sort::kEnds;
  }
  if (point.is_broken) {
    return Sort::kEnds;
  }
  if (within(value, 0x410, 0x44f) || value == 0x401 || value == 0x451) {
    return Sort::kRussian;
  }
  const bool is_accent = within(value, 0x300, 0x36f);
  const bool is_selector = within(value, 0xfe00, 0xfe0f);
  const bool is_line_end = value == 0x85 || value == 0x2028 || value == 0x2029;
  if (is_accent || is_selector || (value > 0x9f && is_deceptive(value) && !is_line_end)) {
    return Sort::kPassedOver;
  }
  return ends_word(value) ? Sort::kEnds : Sort::kOther;
}

// Of the letters that the rules are for; SQLite folds the others.
void append_lower(std::string& word, char32_t value, std::string_view bytes, Sort sort) {
  constexpr char32_t kYo = 0x451;
  constexpr char32_t kYe = 0x435;
  if (sort == Sort::kLatin) {
    word += static_cast<char>(value | 0x20U);
    return;
  }
  if (sort != Sort::kRussian) {
    word += bytes;
    return;
  }
  char32_t lower = within(value, 0x410, 0x42f) ? value + 0x20 : value == 0x401 ? kYo : value;
  lower = lower == kYo ? kYe : lower;  // As the rules want it, and most write it.
  word += static_cast<char>(0xc0U | (lower >> 6U));
  word += static_cast<char>(0x80U | (lower & 0x3fU));
}

struct Word {
  std::string text;
  bool latin = true;  // Letters of this alphabet alone.
  bool russian = true;
};

std::vector<Word> split(std::string_view text) {
  std::vector<Word> words;
  bool open = false;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const Sort sort = sort_of(point);
    if (sort == Sort::kEnds) {
      open = false;
    } else if (sort != Sort::kPassedOver) {
      if (!open) {
        words.emplace_back();
        open = true;
      }
      Word& word = words.back();
      word.latin = word.latin && sort == Sort::kLatin;
      word.russian = word.russian && sort == Sort::kRussian;
      append_lower(word.text, point.value, text.substr(0, point.size), sort);
    }
    text.remove_prefix(point.size);
  }
  return words;
}

std::string without_ending(sb_stemmer* rules, const std::string& word) {
  // The library's own type for bytes.
  const auto* const bytes = reinterpret_cast<const sb_symbol*>(word.data());
  const sb_symbol* const stem = sb_stemmer_stem(rules, bytes, static_cast<int>(word.size()));
  if (stem == nullptr) {  // No memory.
    return word;
  }
  return {reinterpret_cast<const char*>(stem), static_cast<std::size_t>(sb_stemmer_length(rules))};
}

}  // namespace

void Stemmer::Delete::operator()(sb_stemmer* stemmer) const noexcept {
  sb_stemmer_delete(stemmer);
}

Stemmer::Stemmer()
    : english_(sb_stemmer_new("english", "UTF_8")), russian_(sb_stemmer_new("russian", "UTF_8")) {
  CHANCERY_CHECK(english_ != nullptr && russian_ != nullptr);
}

std::vector<std::string> Stemmer::stems(std::string_view text) const {
  std::vector<std::string> stems;
  for (Word& word : split(text)) {
    sb_stemmer* const rules = word.latin ? english_.get() : word.russian ? russian_.get() : nullptr;
    stems.push_back(rules == nullptr || word.text.size() > kStemmedBytesMax
                        ? std::move(word.text)
                        : without_ending(rules, word.text));
  }
  return stems;
}

std::string Stemmer::line(std::string_view text) const {
  std::string line;
  for (const std::string& stem : stems(text)) {
    line += (line.empty() ? "" : " ") + stem;
  }
  return line;
}

std::vector<std::string> Stemmer::whole(std::string_view text) {
  std::vector<std::string> words;
  for (Word& word : split(text)) {
    words.push_back(std::move(word.text));
  }
  return words;
}

}  // namespace chancery::words
