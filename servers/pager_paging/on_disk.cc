// SPDX-License-Identifier: MIT
// The paging pager with its store on a disk.
//
// Owns: its memory quota, and all of the disk that the argument disk= names (disk): what was there is lost.
// Serves: mica::Dataspace under the name `paging` (argument name=).
// Trusts: the root server, and the disk's driver with the content of pages. A driver that is
// restarted is found again. When the pager ends the dataspaces end with it.
#include "block_store.h"
#include "pager.h"

namespace {

constinit paging::Pager<paging::BlockStore> pager;

}  // namespace

int main() {
  const mica::Error error = pager.store().init(mica::argument("disk", "disk"));
  if (error != mica::Error::none) {
    runtime::print("pager_paging: disk: {}\n", mica::text(error));
    runtime::panic("there is no store");
  }
  pager.init();
  mica::serve(pager, mica::argument("name", "paging"));
}
