// Records that belong to a batch, and records that several batches share.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <weir/dataflow/batch.hpp>

using namespace weir;

namespace {

using Texts = std::vector<std::string>;

Batch<std::string> batch_of_texts(const Texts& texts) {
  Batch<std::string> batch;
  for (const std::string& text : texts) batch.push(text, {static_cast<std::int64_t>(text.size())});
  return batch;
}

Batch<std::string>& copy_of(Batch<std::string>& batch, std::vector<BatchPtr>& copies) {
  copies.push_back(batch.type().copy(batch));
  return batch_of<std::string>(*copies.back());
}

}  // namespace

TEST_CASE("a copy of a batch shares its records until one of them changes them") {
  auto batch = batch_of_texts({"a", "bb"});
  std::vector<BatchPtr> copies;
  auto& copy = copy_of(batch, copies);
  CHECK(copy.records == Texts{"a", "bb"});
  CHECK(copy.records.data() == batch.records.data());
  CHECK(copy.times == batch.times);
  copy.records.own().push_back("c");
  CHECK(copy.records == Texts{"a", "bb", "c"});
  CHECK(batch.records == Texts{"a", "bb"});
  CHECK_FALSE(copy.records.is_shared());
}

TEST_CASE("the last batch that has the records takes them without a copy") {
  auto batch = batch_of_texts({std::string(100, 'a'), "bb"});
  const char* const text = batch.records[0].data();
  {
    std::vector<BatchPtr> copies;
    (void)copy_of(batch, copies);
    CHECK(batch.records.is_shared());
  }
  CHECK(batch.records.own()[0].data() == text);
}

TEST_CASE("records of a collection are read where they lie and never taken from it") {
  const auto collection = std::make_shared<const Texts>(Texts{"a", "b", "c", "d"});
  auto part = Records<std::string>::part_of(collection, 1, 2);
  CHECK(part.data() == collection->data() + 1);
  CHECK(part.size() == 2);
  CHECK(part.back() == "c");
  part.own()[0] = "changed";
  CHECK(part == Texts{"changed", "c"});
  CHECK(*collection == Texts{"a", "b", "c", "d"});
  auto last = Records<std::string>::part_of(std::make_shared<const Texts>(Texts{"only here"}), 0, 1);
  CHECK(last.own() == Texts{"only here"});
}

TEST_CASE("shared records are copied where they are appended or dealt out, and stay as they were") {
  auto batch = batch_of_texts({"a", "b", "c"});
  std::vector<BatchPtr> copies;
  auto& copy = copy_of(batch, copies);
  auto target = batch_of_texts({"z"});
  batch.type().append(copy, target);
  CHECK(target.records == Texts{"z", "a", "b", "c"});
  std::vector<BatchPtr> dealt(2);
  batch.type().scatter(copy, {1, 0, 1}, dealt);
  CHECK(batch_of<std::string>(*dealt[0]).records == Texts{"b"});
  CHECK(batch_of<std::string>(*dealt[1]).records == Texts{"a", "c"});
  CHECK(batch.records == Texts{"a", "b", "c"});
}

TEST_CASE("records of its own are moved where they are appended or dealt out") {
  const std::string large(100, 'x');
  auto batch = batch_of_texts({large});
  const char* const text = batch.records[0].data();
  auto target = batch_of_texts({});
  batch.type().append(batch, target);
  CHECK(target.records[0].data() == text);
  std::vector<BatchPtr> dealt(1);
  target.type().scatter(target, {0}, dealt);
  CHECK(batch_of<std::string>(*dealt[0]).records[0].data() == text);
}
