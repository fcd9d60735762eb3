// The load of the fault campaigns: publishes notices over one long connection, a line of stdin
// each, and says on stdout what the application was told of them.
//
//   fault-submit CLIENT.TOML
//
// In:  ID PRECEDENCE RECIPIENT,... CLASSIFICATION WAIT_MS SUBJECT SUMMARY, with tabs between; no
//      field needs an escape in JSON. A classification of "-" is the exchange's lowest.
// Out: ID WORD DETAIL. `ok`: durable at the node. `refused` and `unknown`: with the error's name.
//      Where WAIT_MS is not 0, an `ok` is followed by `logged` with the index, `refused` or
//      `pending`.
//
// It keeps nothing: who drives it writes down what was asked for before, and the answer after.

#include <chancery/client.h>

#include <chrono>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace client = chancery::client;

constexpr std::size_t kFieldCount = 7;
constexpr std::chrono::milliseconds kConnectTimeout{500};
constexpr std::chrono::milliseconds kRequestTimeout{1500};

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> fields;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, separator);) {
    fields.push_back(field);
  }
  return fields;
}

void say(const std::string& id, const std::string& word, const std::string& detail) {
  std::cout << id << '\t' << word << '\t' << detail << '\n' << std::flush;
}

void say_failure(const std::string& id, const client::Error& error) {
  // "Not now" is no word on what was handed in before under the same id.
  const bool unknown = error.outcome_unknown() || error.retryable();
  say(id, unknown ? "unknown" : "refused", error.name());
}

void say_stage(const std::string& id, const client::Outcome& outcome) {
  switch (outcome.verdict) {
    case client::Verdict::kReached:
      say(id, "logged", std::to_string(outcome.index));
      return;
    case client::Verdict::kRefused:
      say(id, "refused", outcome.code);
      return;
    case client::Verdict::kUnknown:
      say(id, "pending", outcome.code);
      return;
  }
}

void publish(client::Client& node, const std::vector<std::string>& fields) {
  client::Draft draft;
  draft.id = fields[0];
  draft.kind = "threat.alert";
  draft.status = client::Status::kTest;
  draft.precedence = client::precedence_from(fields[1]);
  draft.to = split(fields[2], ',');
  draft.label.classification = fields[3] == "-" ? "" : fields[3];
  draft.subject = fields[5];
  draft.content_json =
      R"({"category": "THREAT_CATEGORY_OTHER", "summary": ")" + fields[6] + R"("})";
  const client::Ticket ticket = node.publish(draft);
  say(draft.id, "ok", "");
  const std::chrono::milliseconds wait{std::stoi(fields[4])};
  if (wait.count() == 0) {
    return;
  }
  try {
    say_stage(draft.id, ticket.wait(client::Stage::kLogged, wait));
  } catch (const client::Error& error) {
    say(draft.id, "pending", error.name());
  }
}

int run(const std::string& config) {
  client::Options options = client::Options::from_file(config);
  options.connect_timeout = kConnectTimeout;
  options.request_timeout = kRequestTimeout;
  client::Client node(options);
  for (std::string line; std::getline(std::cin, line);) {
    const std::vector<std::string> fields = split(line, '\t');
    if (fields.size() != kFieldCount) {
      std::cerr << "fault-submit: not " << kFieldCount << " fields: " << line << "\n";
      return 64;
    }
    try {
      publish(node, fields);
    } catch (const client::Error& error) {
      say_failure(fields[0], error);
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: fault-submit CLIENT.TOML\n";
    return 64;
  }
  try {
    return run(argv[1]);
  } catch (const client::Error& error) {
    std::cerr << error.what() << "\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
  }
  return 1;
}
