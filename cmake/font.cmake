# SPDX-License-Identifier: MIT
# The font of consoles on a framebuffer: of the Debian package console-setup-linux, unpacked.

set(MICA_FONT_PACKED /usr/share/consolefonts/Uni2-Terminus16.psf.gz CACHE FILEPATH "console font, .psf.gz")
if(NOT EXISTS ${MICA_FONT_PACKED})
  message(FATAL_ERROR "${MICA_FONT_PACKED} is missing: ./mica setup installs the package console-setup-linux")
endif()
set(MICA_FONT ${PROJECT_BINARY_DIR}/font.psf)
add_custom_command(OUTPUT ${MICA_FONT}
  COMMAND gzip -dc ${MICA_FONT_PACKED} > ${MICA_FONT}
  DEPENDS ${MICA_FONT_PACKED} VERBATIM)
add_custom_target(font DEPENDS ${MICA_FONT})
