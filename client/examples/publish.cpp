// Publishes one notice and waits until it is in the common log.
//
//   example-publish client.toml "Subject"
//
// Compiled as C++17, as an application may be.

#include <chancery/client.h>

#include <chrono>
#include <iostream>

int main(int argc, char** argv) {
  namespace client = chancery::client;
  if (argc != 3) {
    std::cerr << "usage: example-publish CLIENT.TOML SUBJECT\n";
    return 64;
  }
  try {
    client::Client node(client::Options::from_file(argv[1]));
    client::Draft draft;
    draft.kind = "threat.alert";
    draft.status = client::Status::kTest;
    draft.precedence = client::Precedence::kPriority;
    draft.to = {"members"};
    draft.subject = argv[2];
    draft.language = "en";
    draft.content_json = R"({"category": "THREAT_CATEGORY_CYBER", "summary": "A test."})";

    const client::Ticket ticket = node.publish(draft);
    std::cout << "queued " << ticket.id() << "\n";

    const client::Outcome outcome = ticket.wait(client::Stage::kLogged, std::chrono::seconds(30));
    switch (outcome.verdict) {
      case client::Verdict::kReached:
        std::cout << "logged at index " << outcome.index << "\n";
        return 0;
      case client::Verdict::kRefused:
        std::cerr << "refused: " << outcome.code << ": " << outcome.text << " " << outcome.detail
                  << "\n";
        return 1;
      case client::Verdict::kUnknown:  // Not a failure: ask again, or publish with the same id.
        std::cerr << "not known yet\n";
        return 2;
    }
  } catch (const client::Error& error) {
    std::cerr << error.what() << "\n" << error.remedy() << "\n";
    return error.retryable() ? 2 : 1;
  }
  return 2;
}
