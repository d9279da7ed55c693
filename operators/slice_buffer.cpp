#include <weir/operators/slice_buffer.hpp>

namespace weir {

void check_grid(OperatorContext& context, const WindowGrid& grid) {
  auto& stored = context.state().list<std::string>("grid", ChunkKind::Union);
  const std::string now = grid.to_text();
  for (const std::string& before : stored) {
    if (before == now) continue;
    throw Failure("operator '" + context.name() + "': the checkpoint holds windows of " + before +
                  ", and now they are to be of " + now + "; give the operator another name or start without the checkpoint");
  }
  stored = {now};
}

}  // namespace weir
