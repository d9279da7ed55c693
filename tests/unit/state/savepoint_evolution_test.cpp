// State leaves through a savepoint and is read by the next version of the program, whose records have changed.
#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include <support/checkpoint_samples.hpp>
#include <support/temporary_directory.hpp>
#include <weir/state/broadcast_state.hpp>
#include <weir/state/keyed_state.hpp>

using namespace weir;
using namespace weir::testing;

namespace savepoint_evolution_test {

struct Account {
  std::int32_t orders = 0;
  float spent = 0;
  std::string coupon;
  friend bool operator==(const Account&, const Account&) = default;
};
WEIR_RECORD(Account, orders, spent, coupon);

namespace later {
struct Account {
  std::string currency = "EUR";  // added
  double spent = 0;              // widened, and in another place
  std::int64_t orders = 0;       // widened
  std::optional<EventTime> last; // added
  friend bool operator==(const Account&, const Account&) = default;
};
WEIR_RECORD(Account, currency, spent, orders, last);
}  // namespace later

namespace broken {
struct Account {
  std::int16_t orders = 0;  // narrower
  float spent = 0;
};
WEIR_RECORD(Account, orders, spent);
}  // namespace broken

/// The state of operator "shop": an account per key as an operator keeps it and as a function does, a list and a rule.
template <class A>
struct Shop {
  explicit Shop(std::vector<StateChunk> restored = {})
      : state({"shop", 0, 1, {}, true}, std::move(restored)),
        keyed(state, [] { return ProcessingTime{0}; }),
        accounts(state.table<std::string, A>("accounts")),
        best(keyed.value<A>("best")),
        waiting(state.list<A>("waiting", ChunkKind::Split)),
        rules(state.declare("rules", std::make_unique<BroadcastTable<std::string, A>>("rules", 0))) {
    keyed.opened(Codec<std::string>::schema());
  }

  A best_of(const std::string& key) {
    keyed.enter(key, hash_of(key));
    return *best.get();
  }

  OperatorState state;
  KeyedState keyed;
  StateTable<std::string, A>& accounts;
  Value<A> best;
  std::vector<A>& waiting;
  BroadcastTable<std::string, A>& rules;
};

/// Writes the state into a store, and that as a savepoint.
void export_state(OperatorState& state, const std::filesystem::path& directory) {
  const TemporaryDirectory scratch;
  auto store = CheckpointStore::open(scratch.path(), orders()).or_throw();
  std::vector<PartReference> parts;
  state.freeze(SnapshotMode::Full);
  while (!state.write_some(10, [&](StateChunk chunk) {
    const ChunkId id{1, 2, 0, static_cast<std::uint32_t>(parts.size())};
    auto bytes = pack(chunk.block).or_throw();
    parts.push_back({id, chunk.table, chunk.kind, chunk.schema, chunk.block.rows, bytes.size(), {0, 64}});
    store->write(std::vector{Chunk{id, std::move(bytes)}}).or_throw();
  })) {
  }
  const Manifest manifest = sample_manifest(1, std::move(parts));
  store->commit(manifest).or_throw();
  store->export_savepoint(manifest, directory).or_throw();
}

std::vector<StateChunk> import_state(const std::filesystem::path& directory) {
  auto savepoint = CheckpointStore::open(directory, reading()).or_throw();
  const Manifest manifest = savepoint->newest().or_throw().manifest.value();
  std::vector<StateChunk> chunks;
  for (const PartReference& part : manifest.operators.at(0).parts) {
    chunks.push_back({part.table, part.kind, part.schema, unpack(savepoint->read(part.chunk).or_throw()).or_throw()});
  }
  return chunks;
}

std::vector<StateChunk> only(std::vector<StateChunk> chunks, const std::string& table) {
  std::erase_if(chunks, [&](const StateChunk& chunk) { return chunk.table != table; });
  return chunks;
}

}  // namespace savepoint_evolution_test

using namespace savepoint_evolution_test;

TEST_CASE("state of every kind comes out of a savepoint in the records of the next version") {
  const TemporaryDirectory directory;
  {
    Shop<Account> shop;
    for (int i = 0; i < 300; ++i) shop.accounts.put("user" + std::to_string(i), {i, 0.5F, "SPRING"});
    shop.keyed.enter(std::string("ann"), hash_of(std::string("ann")));
    shop.best.set({7, 2.5F, "SPRING"});
    shop.waiting = {{1, 1.5F, "a"}, {2, 2.5F, "b"}};
    shop.rules.entries["limit"] = {9, 9.5F, ""};
    export_state(shop.state, directory / "savepoint");
  }
  Shop<later::Account> shop(import_state(directory / "savepoint"));
  CHECK(shop.state.unclaimed().empty());
  CHECK(shop.accounts.size() == 300);
  CHECK(*shop.accounts.find("user42") == later::Account{"EUR", 0.5, 42, std::nullopt});
  CHECK(shop.best_of("ann") == later::Account{"EUR", 2.5, 7, std::nullopt});
  CHECK(shop.waiting == std::vector<later::Account>{{"EUR", 1.5, 1, std::nullopt}, {"EUR", 2.5, 2, std::nullopt}});
  CHECK(shop.rules.entries.at("limit") == later::Account{"EUR", 9.5, 9, std::nullopt});

  // What it writes is in its own form: narrower again would be refused, the same is not.
  shop.accounts.put("user42", {"USD", 1, std::int64_t{1} << 40, EventTime{5}});
  export_state(shop.state, directory / "second");
  Shop<later::Account> again(import_state(directory / "second"));
  CHECK(*again.accounts.find("user42") == later::Account{"USD", 1, std::int64_t{1} << 40, EventTime{5}});
  CHECK(again.accounts.size() == 300);
}

TEST_CASE("a record that changed in a way that loses values is refused with its operator, state and field") {
  const TemporaryDirectory directory;
  {
    Shop<Account> shop;
    shop.accounts.put("ann", {1, 0.5F, ""});
    shop.keyed.enter(std::string("ann"), hash_of(std::string("ann")));
    shop.best.set({7, 2.5F, ""});
    shop.waiting = {{1, 1.5F, "a"}};
    shop.rules.entries["limit"] = {9, 9.5F, ""};
    export_state(shop.state, directory / "savepoint");
  }
  const auto refusal = [&](const std::string& table, auto&& declare) {
    OperatorState state({"shop", 0, 1, {}, true}, only(import_state(directory / "savepoint"), table));
    try {
      declare(state);
    } catch (const Failure& failure) {
      return std::string(failure.what());
    }
    return std::string("none");
  };
  using Broken = broken::Account;
  const std::string why = " was stored as int32 and cannot be read as int16";
  CHECK(refusal("accounts", [](OperatorState& state) { state.table<std::string, Broken>("accounts"); }) ==
        "operator 'shop': state 'accounts' cannot be restored: field 'value[1].orders'" + why);
  CHECK(refusal("waiting", [](OperatorState& state) { state.list<Broken>("waiting", ChunkKind::Split); }) ==
        "operator 'shop': state 'waiting' cannot be restored: field 'Account.orders'" + why);
  CHECK(refusal("rules", [](OperatorState& state) {
          state.declare("rules", std::make_unique<BroadcastTable<std::string, Broken>>("rules", 0));
        }) == "operator 'shop': state 'rules' cannot be restored: field 'value[1].orders'" + why);
  const std::string best = refusal("best", [](OperatorState& state) {
    KeyedState keyed(state, [] { return ProcessingTime{0}; });
    keyed.value<Broken>("best");
  });
  CHECK(best.starts_with("operator 'shop': state 'best' cannot be restored: field '"));
  CHECK(best.ends_with(".orders'" + why));
  CHECK(refusal("accounts", [](OperatorState& state) { state.table<std::int64_t, Account>("accounts"); }) ==
        "operator 'shop': state 'accounts' cannot be restored: field 'value[0]' was stored as text and cannot be read as int64");
}
