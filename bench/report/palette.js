// SPDX-License-Identifier: MIT
// Colours by role, for light and for dark. Plots are drawn in the light ones, which are
// all different, and recoloured afterwards. The hues are told apart by colour-blind
// people too, and each series has a symbol of its own.
export const palette = {
  ink: ['#1b1d21', '#eceef2'],
  muted: ['#565c66', '#a9b0bb'],
  grid: ['#e4e6ea', '#31363e'],
  axis: ['#9aa1ab', '#6b727d'],
  paper: ['#ffffff', '#15181d'],
  box: ['#d5e5f3', '#21435e'],
  series1: ['#0068a8', '#5bb6f0'],
  series2: ['#b84c00', '#f29b55'],
  series3: ['#007a5a', '#3fcb9d'],
  series4: ['#a43f7d', '#e79ac9'],
  series5: ['#6a4fb3', '#b7a1f2'],
  series6: ['#806600', '#dcc24a'],
};

export const light = Object.fromEntries(Object.entries(palette).map(([role, [colour]]) => [role, colour]));

const seriesRoles = Object.keys(palette).filter((role) => role.startsWith('series'));
const symbols = ['circle', 'rect', 'triangle', 'diamond', 'path://M0,0L10,0L5,9Z',
  'path://M3,0L7,0L7,3L10,3L10,7L7,7L7,10L3,10L3,7L0,7L0,3L3,3Z'];

export const seriesColour = (i) => light[seriesRoles[i % seriesRoles.length]];
export const seriesSymbol = (i) => symbols[i % symbols.length];

const roleOf = new Map(Object.entries(light).map(([role, colour]) => [colour, role]));

// Replaces each light colour by what `colour` makes of its role.
function recolour(svg, colour) {
  return svg.replace(/#[0-9a-f]{6}\b/gi, (hex) => {
    const role = roleOf.get(hex.toLowerCase());
    return role ? colour(role) : hex;
  });
}

export const asVariables = (svg) => recolour(svg, (role) => `var(--${role})`);
export const asDark = (svg) => recolour(svg, (role) => palette[role][1]);

// The variables for a page.
export const variables = (dark) =>
  Object.entries(palette).map(([role, colours]) => `--${role}:${colours[dark ? 1 : 0]}`).join(';');
