#include "cli/connection.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "cli/lookup.h"
#include "core/exchange/names.h"

namespace chancery::cli {
namespace {

std::string variable(const char* name) {
  const char* const value = std::getenv(name);  // Before any thread of ours.
  return value == nullptr ? "" : value;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

Result<ClientFile> file_in(const std::string& exchange, const std::string& member) {
  if (exchange.empty()) {
    return fail(ErrorCode::kUsage, "--as names a member of which exchange? add --exchange DIR");
  }
  if (member.empty()) {
    return fail(ErrorCode::kUsage, "whose node of the exchange? add --as CODE");
  }
  if (!exchange::is_member_code(member)) {
    return fail(ErrorCode::kUsage, "--as: '" + member + "' is not a member code, as AM");
  }
  return ClientFile{.path = exchange + "/" + lower(member) + "/apps/desk/client.toml",
                    .exchange = exchange,
                    .member = member};
}

// As the XDG base directory specification has it: what is not absolute is not set.
std::string state_path(const std::string& state, const std::string& home) {
  if (state.starts_with('/')) {
    return state;
  }
  return home.starts_with('/') ? home + "/.local/state" : "";
}

}  // namespace

Environment environment() {
  return {.exchange = variable("CHANCERY_EXCHANGE"),
          .member = variable("CHANCERY_MEMBER"),
          .client_file = variable("CHANCERY_CLIENT"),
          .context = variable("CHANCERY_CONTEXT"),
          .contexts = contexts_path(variable("XDG_CONFIG_HOME"), variable("HOME")),
          .state = state_path(variable("XDG_STATE_HOME"), variable("HOME"))};
}

Result<Context> fallback(const Shared& shared, const Environment& environment) {
  const bool places = !environment.exchange.empty() || !environment.member.empty() ||
                      !environment.client_file.empty();
  if (shared.context.empty() && places) {
    return Context{.exchange = environment.exchange,
                   .member = environment.member,
                   .client_file = environment.client_file};
  }
  Contexts contexts;
  if (!environment.contexts.empty()) {
    CHANCERY_TRY(contexts, read_contexts(environment.contexts));
  }
  const std::string& named = shared.context.empty() ? environment.context : shared.context;
  const std::string& name = named.empty() ? contexts.selected : named;
  return name.empty() ? Context() : find_context(contexts, name);
}

Result<ClientFile> client_file(const Shared& shared, const Environment& environment) {
  if (!shared.client_file.empty()) {
    return ClientFile{.path = shared.client_file};
  }
  if (!shared.exchange.empty() && !shared.member.empty()) {
    return file_in(shared.exchange, shared.member);
  }
  CHANCERY_TRY(const Context given, fallback(shared, environment));
  const bool asked = !shared.exchange.empty() || !shared.member.empty();
  if (!asked && !given.client_file.empty()) {
    return ClientFile{.path = given.client_file};
  }
  const std::string& exchange = shared.exchange.empty() ? given.exchange : shared.exchange;
  const std::string& member = shared.member.empty() ? given.member : shared.member;
  if (exchange.empty() && member.empty()) {
    return fail(ErrorCode::kUsage,
                given.name.empty()
                    ? "which node? give --exchange DIR --as CODE, --client FILE, or --context NAME"
                    : "the context '" + given.name +
                          "' is for status, audit, backup and app: it names no client.toml");
  }
  return file_in(exchange, member);
}

Result<client::Options> client_options(const Shared& shared) {
  CHANCERY_TRY(const ClientFile file, client_file(shared, environment()));
  std::error_code unknown;  // Then reading it says why.
  if (!std::filesystem::exists(file.path, unknown) && !unknown) {
    Error missing{ErrorCode::kFileMissing,
                  file.path + " is not there; expected the client.toml of an application"};
    return std::unexpected(
        file.exchange.empty()
            ? std::move(missing)
            : explain_missing(file.exchange, file.member, Meant::kMember, std::move(missing)));
  }
  return client::Options::from_file(file.path);
}

}  // namespace chancery::cli
