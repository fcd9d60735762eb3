// Options as names and values of chancery.h, and back. Included by options.h, at its end.

#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "chancery/detail/call.h"

namespace chancery::client {
namespace detail {

using OptionsOwner = std::unique_ptr<chancery_options, decltype(&chancery_options_free)>;

// A text of a secret, which is overwritten when it goes.
class SecretText {
 public:
  explicit SecretText(std::string text) : text_(std::move(text)) {}
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  SecretText(SecretText&&) = delete;
  SecretText& operator=(SecretText&&) = delete;
  ~SecretText() {
    volatile char* const at = text_.data();  // Or the compiler would leave it out.
    for (std::size_t i = 0; i < text_.size(); ++i) {
      at[i] = 0;
    }
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

inline std::string hex_of(const Key& key) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * key.size());  // No half of it left behind.
  for (const std::uint8_t byte : key) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0xFU];
  }
  return out;
}

inline Key key_of(const std::string& hex) {
  Key key{};
  for (std::size_t i = 0; i < key.size() && 2 * i + 2 <= hex.size(); ++i) {
    std::from_chars(hex.data() + 2 * i, hex.data() + 2 * i + 2, key[i], 16);
  }
  return key;
}

inline std::string get(const chancery_options* options, const char* name) {
  return text_of([&](char** value) { return chancery_options_get(options, name, value); });
}

inline std::chrono::milliseconds get_ms(const chancery_options* options, const char* name) {
  return std::chrono::milliseconds(std::stoll(get(options, name)));
}

inline Options read_options(const chancery_options* from) {
  Options options;
  options.node = get(from, "node");
  options.node_key = key_of(get(from, "node_key"));
  options.key = key_of(SecretText(get(from, "key")).text());
  options.member = get(from, "member");
  options.genesis = get(from, "genesis");
  options.connect_timeout = get_ms(from, "connect_timeout_ms");
  options.request_timeout = get_ms(from, "request_timeout_ms");
  options.request_count_max = static_cast<std::size_t>(std::stoull(get(from, "request_count_max")));
  return options;
}

inline OptionsOwner write_options(const Options& options) {
  chancery_options* made = nullptr;
  check(chancery_options_new(&made));
  OptionsOwner owner(made, &chancery_options_free);
  const auto set = [&owner](const char* name, const std::string& value) {
    check(chancery_options_set(owner.get(), name, c_text(value, name)));
  };
  set("node", options.node);
  set("node_key", hex_of(options.node_key));
  set("key", SecretText(hex_of(options.key)).text());
  set("member", options.member);
  set("genesis", options.genesis);
  set("connect_timeout_ms", std::to_string(options.connect_timeout.count()));
  set("request_timeout_ms", std::to_string(options.request_timeout.count()));
  set("request_count_max", std::to_string(options.request_count_max));
  return owner;
}

}  // namespace detail

inline Options Options::from_file(const std::string& path) {
  chancery_options* read = nullptr;
  detail::check(chancery_options_from_file(detail::c_text(path, "the path"), &read));
  return detail::read_options(detail::OptionsOwner(read, &chancery_options_free).get());
}

}  // namespace chancery::client
