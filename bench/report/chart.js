// SPDX-License-Identifier: MIT
// What all plots have in common: two layouts, axes, and SVG text of a specification.
import * as echarts from 'echarts';
import {escape} from './format.js';
import {light} from './palette.js';

// There is no font to measure text with: this is a little more than most need. A wide
// character is what ECharts takes the height of a line from.
function measureText(text, font) {
  const size = parseFloat(/([\d.]+)px/.exec(font)?.[1] ?? 12);
  return {width: [...text].reduce((sum, c) => sum + (c > '\u2e80' ? 1.15 : 0.55), 0) * size};
}
echarts.setPlatformAPI({measureText});

// A plot is drawn twice: for a page that is wide enough, and for a phone.
export const layouts = {
  wide: {name: 'wide', width: 760, font: 13},
  narrow: {name: 'narrow', width: 360, font: 12},
};

const fonts = 'system-ui, -apple-system, Segoe UI, DejaVu Sans, sans-serif';

export const textStyle = (layout, role = 'muted') =>
  ({color: light[role], fontSize: layout.font, fontFamily: fonts});

export function axis(layout, more) {
  return {
    axisLine: {show: true, lineStyle: {color: light.axis}},
    axisTick: {show: false},
    nameTextStyle: textStyle(layout),
    ...more,
    splitLine: {lineStyle: {color: light.grid}, ...more.splitLine},
    axisLabel: {...textStyle(layout), hideOverlap: true, ...more.axisLabel},
  };
}

// The name of an axis that is drawn upright is written above it.
export const yName = (layout, text) => ({
  name: text,
  nameLocation: 'end',
  nameGap: 12,
  nameTextStyle: {...textStyle(layout), align: 'left', padding: [0, 0, 0, -48]},
});

export const xName = (text, gap = 30) => ({name: text, nameLocation: 'middle', nameGap: gap});

// On a phone the name of a row stands above its marks, from `x` on, for want of room beside
// them: labels of points that cannot be seen.
export const namesAbove = (layout, names, x) => (layout.name === 'wide' ? [] : [{
  type: 'scatter',
  silent: true,
  symbolSize: 0.01,
  color: light.ink,
  data: names.map((name, i) => ({name, value: [x, i]})),
  label: {...textStyle(layout, 'ink'), show: true, formatter: '{b}', position: [2, -20], align: 'left'},
}]);

// And its place on a wide page: the axis of rows.
export const rowAxis = (layout, names, more = {}) => axis(layout, {
  type: 'category',
  inverse: true,
  data: names,
  splitLine: {show: false},
  ...more,
  axisLabel: {
    ...textStyle(layout, 'ink'), show: layout.name === 'wide', interval: 0, hideOverlap: false, width: 360,
    overflow: 'truncate',
  },
});

// Symbols and names of series above a plot, where there is no room behind lines.
export const legend = (layout, names) => ({
  show: true,
  data: names,
  top: 0,
  left: 0,
  orient: layout.name === 'wide' ? 'horizontal' : 'vertical',
  itemGap: layout.name === 'wide' ? 16 : 4,
  itemWidth: 18,
  itemHeight: 9,
  selectedMode: false,
  borderColor: light.grid,
  textStyle: textStyle(layout, 'ink'),
});

// Takes out what serves interaction only, and names the marks of data.
function tidy(svg) {
  return svg
    .replace(/<style[^>]*>[\s\S]*?<\/style>/g, '')
    .replace(/ class="zr\d+-cls-\d+"/g, '')
    .replace(/ pointer-events="visible"/g, '')
    .replace(/ ecmeta_series_index="(\d+)" ecmeta_data_index="(\d+)" ecmeta_ssr_type="chart"/g,
      ' data-mark="$1:$2"')
    .replace(/ ecmeta_[a-z_]+="[^"]*"/g, '');
}

// SVG text of an ECharts option; title and text are for those who do not see it.
export function render(option, {width}, height, {id, title, text}) {
  const chart = echarts.init(null, null, {renderer: 'svg', ssr: true, width, height});
  try {
    chart.setOption({animation: false, backgroundColor: 'transparent', ...option});
    const svg = tidy(chart.renderToSVGString());
    const words =
      `<title id="${id}-title">${escape(title)}</title><desc id="${id}-text">${escape(text)}</desc>`;
    return svg.replace(/^<svg([^>]*)>/, (_, attributes) =>
      `<svg${attributes} role="img" aria-labelledby="${id}-title ${id}-text">${words}`);
  } finally {
    chart.dispose();
  }
}

export const countMarks = (svg) => (svg.match(/ data-mark="/g) ?? []).length;
