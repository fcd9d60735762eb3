// Enumerators as words, by core/exchange/names.h: one table for programs, files and people.

#include <utility>

#include "chancery/notice.h"
#include "client/src/errors.h"
#include "core/exchange/names.h"

namespace chancery::client {

std::string to_string(Status status) {
  return exchange::word(static_cast<v1::Status>(std::to_underlying(status)));
}

std::string to_string(Precedence precedence) {
  return exchange::word(static_cast<v1::Precedence>(std::to_underlying(precedence)));
}

std::string to_string(Tlp tlp) {
  return tlp == Tlp::kNone ? "none" : exchange::word(static_cast<v1::Tlp>(std::to_underlying(tlp)));
}

std::string to_string(Role role) {
  return exchange::word(static_cast<v1::RecipientRole>(std::to_underlying(role)));
}

std::string to_string(Stage stage) {
  switch (stage) {
    case Stage::kQueued:
      return "queued";
    case Stage::kLogged:
      return "logged";
    case Stage::kWitnessed:
      return "witnessed";
    case Stage::kDelivered:
      return "delivered";
    case Stage::kRefused:
      return "refused";
    case Stage::kUnknown:
      break;
  }
  return "unknown";
}

Status status_from(std::string_view word) {
  return static_cast<Status>(value_or_throw(exchange::status_from(word)));
}

Precedence precedence_from(std::string_view word) {
  return static_cast<Precedence>(value_or_throw(exchange::precedence_from(word)));
}

Tlp tlp_from(std::string_view word) {
  return word == "none" ? Tlp::kNone : static_cast<Tlp>(value_or_throw(exchange::tlp_from(word)));
}

}  // namespace chancery::client
