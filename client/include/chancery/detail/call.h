// Calls of chancery.h from C++: its errors as exceptions, its texts as strings. Not for
// applications.
//
// No state, any thread.

#pragma once

#include <memory>
#include <string>
#include <utility>

#include "chancery/chancery.h"
#include "chancery/error.h"

namespace chancery::client::detail {

// Throws what a function of chancery.h gave, and frees it.
inline void check(chancery_error* error) {
  if (error == nullptr) {
    return;
  }
  const std::unique_ptr<chancery_error, decltype(&chancery_error_free)> owner(error,
                                                                              &chancery_error_free);
  ErrorParts parts;
  parts.number = chancery_error_number(error);
  parts.name = chancery_error_name(error);
  parts.text = chancery_error_text(error);
  parts.detail = chancery_error_detail(error);
  parts.remedy = chancery_error_remedy(error);
  parts.retryable = chancery_error_retryable(error) != 0;
  parts.notice_id = chancery_error_notice_id(error);
  parts.retry_after = std::chrono::milliseconds(chancery_error_retry_after_ms(error));
  throw Error(std::move(parts));
}

[[noreturn]] inline void fail(const char* name, const std::string& detail) {
  check(chancery_error_make(name, detail.c_str()));
  throw std::bad_alloc();  // Not reached: an error was made, or a static one given.
}

// The text that `call` gives through the `char**` that it is handed.
template <class Call>
std::string text_of(Call call) {
  char* text = nullptr;
  check(call(&text));
  const std::unique_ptr<char, decltype(&chancery_free)> owner(text, &chancery_free);
  return text;
}

// A text for C, which would end at the first zero byte: a name must not become another one.
inline const char* c_text(const std::string& text, const char* what) {
  if (text.find('\0') != std::string::npos) {
    fail("bad-argument", std::string(what) + " has a zero byte");
  }
  return text.c_str();
}

}  // namespace chancery::client::detail
