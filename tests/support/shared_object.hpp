// The head of an ELF shared object of this machine's kind, for files that are to look like bundles.
#pragma once

#include <elf.h>

#include <cstring>

namespace weir::testing {

inline Elf64_Ehdr shared_object_header() {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_type = ET_DYN;
#if defined(__aarch64__)
  header.e_machine = EM_AARCH64;
#else
  header.e_machine = EM_X86_64;
#endif
  return header;
}

}  // namespace weir::testing
