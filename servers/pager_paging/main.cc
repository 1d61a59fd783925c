// SPDX-License-Identifier: MIT
// The paging pager with its store in memory of another pager.
//
// Owns: its memory quota, and a store of the size that the argument store= says (1M): a dataspace of
// the pager that the argument from= names (anonymous).
// Serves: mica::Dataspace under the name `paging` (argument name=).
// Trusts: the root server, and the store with the content of pages. When it ends the
// dataspaces end with it.
#include "pager.h"

namespace {

constinit paging::Pager<paging::DataspaceStore> pager;

}  // namespace

int main() {
  const mica::Error error = pager.store().init(mica::argument("from", "anonymous"),
                                               paging::bytes_argument("store", paging::Word{1} << 20));
  if (error != mica::Error::none) runtime::panic("there is no store");
  pager.init();
  mica::serve(pager, mica::argument("name", "paging"));
}
