// Who gets a session with the hub, and what one node can do to the others' sessions: nothing.
// Protocol chapter 10.

#include <gtest/gtest.h>

#include <algorithm>

#include "core/exchange/limits.h"
#include "tests/support/wire_bytes.h"
#include "tests/system/support/link_test.h"
#include "tests/system/support/raw_dealer.h"

namespace chancery::test {
namespace {

using LinkSessionsTest = LinkTest;
using std::chrono::milliseconds;

constexpr milliseconds kSilence{1500};

std::string hello_frame(const Hash& genesis, std::uint32_t protocol = 1) {
  v1::UpMessage message;
  message.mutable_hello()->set_protocol(protocol);
  message.mutable_hello()->set_genesis(to_string(genesis));
  message.mutable_hello()->mutable_credits()->set_items(10);
  message.mutable_hello()->mutable_credits()->set_bytes(1U << 20U);
  message.mutable_hello()->set_instance(std::string(kInstance));
  return message.SerializeAsString();
}

// C-131: the key decides, and a key that is in no enrolment gets no connection.
TEST_F(LinkSessionsTest, AKeyThatNobodyEnrolledIsRefusedAtTheDoor) {
  Peer stranger(context_, exchange_, hub_, "nobody's transport");
  EXPECT_TRUE(stranger.reaches(zmq::LinkState::kRefused));
  // Another use of an enrolled member is no transport key either.
  Peer sealing(context_, exchange_, hub_, "AM node 1 sealing");
  EXPECT_TRUE(sealing.reaches(zmq::LinkState::kRefused));
}

// C-131: without CURVE there is no User-Id, and without a User-Id there is no message.
TEST_F(LinkSessionsTest, AClientWithoutAKeyGetsNoWordThrough) {
  RawDealer plain(context_);
  plain.connect(hub_.endpoint());
  EXPECT_FALSE(eventually(
      [&] {
        static_cast<void>(plain.send(hello_frame(exchange_.genesis())));
        return plain.hears();
      },
      kSilence));
}

// C-131: routing ids say nothing.
TEST_F(LinkSessionsTest, AnIdThatAPeerChoseForItselfGetsNoAnswer) {
  RawDealer peer(context_);
  peer.use_curve(curve_pair("AM node 1 transport"), curve_pair("hub transport").public_key);
  const std::string id("\0\1\2\3\4", 5);
  peer.set(ZMQ_ROUTING_ID, id.data() + 1, id.size() - 1);
  peer.connect(hub_.endpoint());
  EXPECT_FALSE(eventually(
      [&] {
        static_cast<void>(peer.send(hello_frame(exchange_.genesis())));
        return peer.hears();
      },
      kSilence));
}

// C-132.
TEST_F(LinkSessionsTest, HelloComesFirstAndSaysTheRightThings) {
  Peer peer(context_, exchange_, hub_, "RU node 1 transport");
  v1::UpMessage ping;
  ping.mutable_ping()->set_nonce(1);
  EXPECT_EQ(peer.answer_to(ping.SerializeAsString()), "gap");
  EXPECT_EQ(peer.answer_to_envelope(author_.publish("RU", {"BY"}, "Early")), "gap");
  EXPECT_EQ(peer.answer_to(hello_frame(exchange_.genesis(), 2)), "unknown-version");
  EXPECT_EQ(peer.answer_to(hello_frame(Hash{})), "wrong-genesis");
  EXPECT_EQ(peer.answer_to(ping.SerializeAsString()), "gap");  // Still nobody.
  EXPECT_TRUE(peer.greet());
  EXPECT_TRUE(peer.alive());
}

// C-131: a key that the node's enrolment no longer names speaks no more, on whatever connection.
TEST_F(LinkSessionsTest, AConnectionUnderAReplacedKeyIsCut) {
  v1::DirectoryEntry entry = node_entry("AM");
  entry.mutable_node()->set_transport_key(
      std::string(as_view(agreement_public("AM node 1 transport 2").raw())));
  EXPECT_EQ(honest_->answer_to_envelope(exchange_.enrol(entry, exchange_.directory())), "accepted");
  EXPECT_TRUE(hostile_->reaches(zmq::LinkState::kDisconnected));
  EXPECT_TRUE(hostile_->reaches(zmq::LinkState::kRefused));
  Peer next(context_, exchange_, hub_, "AM node 1 transport 2");
  EXPECT_TRUE(next.greet());
  EXPECT_TRUE(next.alive());
  author_.saw(next.head());
}

// A node has one session: that of its latest greeting.
TEST_F(LinkSessionsTest, ASecondConnectionTakesTheSessionOver) {
  Peer second(context_, exchange_, hub_, "AM node 1 transport");
  ASSERT_TRUE(second.greet());
  EXPECT_TRUE(hostile_->reaches(zmq::LinkState::kDisconnected)) << "with all that waits for it";
  v1::UpMessage ping;
  ping.mutable_ping()->set_nonce(1);
  EXPECT_EQ(hostile_->answer_to(ping.SerializeAsString()), "gap");
  EXPECT_TRUE(second.alive());
}

TEST_F(LinkSessionsTest, TwoHundredFiftySevenConnectionsOfOneNodeDisturbNobody) {
  const zmq::Context crowd_context = must(zmq::Context::create({.socket_count_max = 2000}));
  std::vector<std::unique_ptr<RawDealer>> crowd;
  crowd.reserve(257);
  for (int i = 0; i < 257; ++i) {
    crowd.push_back(std::make_unique<RawDealer>(crowd_context));
    crowd.back()->use_curve(curve_pair("AM node 1 transport"),
                            curve_pair("hub transport").public_key);
    crowd.back()->connect(hub_.endpoint());
    EXPECT_TRUE(crowd.back()->send(hello_frame(exchange_.genesis())));
  }
  // Each greeting cuts the connection before it; whichever is the last stays. Most are not let in
  // yet, and come again.
  EXPECT_TRUE(eventually(
      [&] { return std::ranges::any_of(crowd, [](const auto& peer) { return peer->hears(); }); }));
  EXPECT_TRUE(honest_->alive());
  EXPECT_GT(hub_.status().at("counters").at("handshakes_too_often"), 0);
}

// Of a key some at once and one a second may come in; who says nothing is in nobody's way.
TEST_F(LinkSessionsTest, SilentConnectionsOfOneNodeLeaveRoomForAnother) {
  const zmq::Context crowd_context = must(zmq::Context::create({.socket_count_max = 2000}));
  std::vector<std::unique_ptr<RawDealer>> crowd;
  crowd.reserve(520);
  for (int i = 0; i < 520; ++i) {
    crowd.push_back(std::make_unique<RawDealer>(crowd_context));
    crowd.back()->use_curve(curve_pair("AM node 1 transport"),
                            curve_pair("hub transport").public_key);
    crowd.back()->connect(hub_.endpoint());
  }
  EXPECT_TRUE(eventually(
      [&] { return hub_.status().at("counters").at("handshakes_too_often").get<int>() > 100; }));
  Peer peer(context_, exchange_, hub_, "RU node 1 transport");
  EXPECT_TRUE(peer.greet());
  EXPECT_TRUE(peer.alive());
  EXPECT_TRUE(honest_->alive());
  EXPECT_TRUE(hub_.daemon().says({"connections-cut", "remedy"}));
}

// Four of one transport key may speak, whatever the hub answers; the session's is none of those
// that go.
TEST_F(LinkSessionsTest, OfFiveConnectionsOfOneKeyThatSpokeTheOldestIsCut) {
  v1::UpMessage ping;
  ping.mutable_ping()->set_nonce(1);
  const auto heard = [](RawDealer& dealer) {
    return eventually([&] { return dealer.hears(); }, kSilence);
  };
  const auto surplus = [&] { return hub_.status().at("counters").at("connections_surplus"); };
  std::vector<std::unique_ptr<RawDealer>> crowd;
  const auto join = [&] {
    crowd.push_back(std::make_unique<RawDealer>(context_));
    const int never = -1;
    crowd.back()->set(ZMQ_RECONNECT_IVL, &never, sizeof never);
    crowd.back()->use_curve(curve_pair("AM node 1 transport"),
                            curve_pair("hub transport").public_key);
    crowd.back()->connect(hub_.endpoint());
    ASSERT_TRUE(crowd.back()->send(ping.SerializeAsString()));
    ASSERT_TRUE(heard(*crowd.back())) << "hello comes first";
    while (crowd.back()->hears()) {  // The rest of the answer.
    }
  };
  for (int i = 0; i < 3; ++i) {
    ASSERT_NO_FATAL_FAILURE(join());
  }
  EXPECT_EQ(surplus(), 0) << "four with the session's";
  ASSERT_NO_FATAL_FAILURE(join());
  EXPECT_EQ(surplus(), 1);
  static_cast<void>(crowd.front()->send(ping.SerializeAsString()));
  EXPECT_FALSE(heard(*crowd.front()));
  for (std::size_t i = 1; i < crowd.size(); ++i) {
    ASSERT_TRUE(crowd[i]->send(ping.SerializeAsString()));
    EXPECT_TRUE(heard(*crowd[i])) << i;
  }
  EXPECT_TRUE(hostile_->alive());
}

// C-135: 256 envelopes in a Submit, each answered; 257 are answered once and none is taken.
TEST_F(LinkSessionsTest, ASubmitHasAtMost256Envelopes) {
  std::vector<std::string> envelopes;
  envelopes.reserve(exchange::kSubmitCountMax);
  for (std::size_t i = 0; i < exchange::kSubmitCountMax; ++i) {
    envelopes.push_back(author_.publish("AM", {"BY"}, std::to_string(i)));
  }
  std::vector<std::string> more = envelopes;
  more.push_back(author_.publish("AM", {"BY"}, "one too many"));
  ASSERT_TRUE(hostile_->submit(more));
  EXPECT_EQ(hostile_->answers(1).at(""), "limit-exceeded");
  EXPECT_EQ(hub_.status().at("counters").at("accepted"), 0);
  ASSERT_TRUE(hostile_->submit(envelopes));
  const auto answers = hostile_->answers(envelopes.size());
  EXPECT_EQ(answers.size(), envelopes.size());
  for (const auto& [id, answer] : answers) {
    EXPECT_EQ(answer, "accepted");
  }
  EXPECT_TRUE(eventually([&] { return node_->count("inbox", "shown") == envelopes.size(); }));
}

// C-130: at 2 MiB a frame is judged; over it the connection is cut, and only that one.
TEST_F(LinkSessionsTest, AFrameHasAtMostTwoMebibytes) {
  const auto frame_of = [](std::size_t size) {
    constexpr std::size_t kRoom = 16;  // For tags and lengths.
    const std::size_t over =
        bytes_field(2, bytes_field(1, std::string(size - kRoom, 'x'))).size() + kRoom - size;
    const std::string frame = bytes_field(2, bytes_field(1, std::string(size - over, 'x')));
    EXPECT_EQ(frame.size(), size);
    return frame;
  };
  EXPECT_EQ(hostile_->answer_to(frame_of(exchange::kUpFrameBytesMax)), "limit-exceeded");
  EXPECT_TRUE(hostile_->alive());
  ASSERT_TRUE(hostile_->send(frame_of(exchange::kUpFrameBytesMax + 1)));
  EXPECT_TRUE(hostile_->reaches(zmq::LinkState::kDisconnected));
  EXPECT_TRUE(honest_->alive());
  EXPECT_TRUE(hostile_->greet());  // It may come back.
}

// One message per frame (C-130): who sends parts is cut.
TEST_F(LinkSessionsTest, AMessageOfSeveralFramesIsNotServed) {
  RawDealer peer(context_);
  peer.use_curve(curve_pair("AM node 1 transport"), curve_pair("hub transport").public_key);
  peer.connect(hub_.endpoint());
  ASSERT_TRUE(eventually([&] { return peer.send(hello_frame(exchange_.genesis()), true); }));
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(peer.send("part", i < 999));
  }
  EXPECT_TRUE(hub_.daemon().says({"refused-frame", "not one frame"}));
  EXPECT_FALSE(peer.hears());
}

// C-140: a node that gives no credits costs nobody anything, and loses nothing.
TEST_F(LinkSessionsTest, AStalledNodeHoldsNobodyUp) {
  Peer stalled(context_, exchange_, hub_, "RU node 1 transport",
               {.credit_items = 3, .credits_again = false});
  ASSERT_TRUE(stalled.greet());
  constexpr std::size_t kCount = 100;
  std::vector<std::string> envelopes;
  envelopes.reserve(kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    envelopes.push_back(author_.publish("AM", {"BY", "KZ", "RU"}, std::to_string(i)));
  }
  ASSERT_TRUE(hostile_->submit(envelopes));
  EXPECT_EQ(hostile_->answers(kCount).size(), kCount);
  EXPECT_TRUE(eventually([&] {
    honest_->drain();
    stalled.drain();
    return honest_->delivered().size() == kCount;
  }));
  EXPECT_TRUE(eventually([&] { return node_->count("inbox", "shown") == kCount; }));
  stalled.drain();
  EXPECT_EQ(stalled.delivered().size(), 3U);
  EXPECT_TRUE(eventually([&] {  // Its link has a pace, so it says more than once how far it is.
    stalled.credit(1000);
    stalled.drain();
    return stalled.delivered().size() == kCount;
  }));
  EXPECT_EQ(stalled.delivered(), honest_->delivered());
}

}  // namespace
}  // namespace chancery::test
