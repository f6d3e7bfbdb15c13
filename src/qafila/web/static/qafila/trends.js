// Curves of readings, drawn from the tables under them: what a curve shows stands in its table.
"use strict";
(() => {
  const looks = [
    { stroke: "#0a4346", fill: "#0a4346", dash: [] },
    { stroke: "#9a4a00", fill: "#ffffff", dash: [8, 4] },
  ];
  const two = (n) => String(n).padStart(2, "0");
  const day = (date) => `${two(date.getUTCDate())}/${two(date.getUTCMonth() + 1)}/${date.getUTCFullYear()}`;
  const time = (date) => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;

  function read(table) {
    const rows = [...table.querySelectorAll("tbody tr[data-at]")].reverse();
    const columns = [...table.querySelectorAll("th[data-column]")].map((cell) => cell.textContent.trim());
    const data = [rows.map((row) => Number(row.dataset.at))];
    columns.forEach((_, place) => data.push(rows.map((row) => {
      const text = row.querySelectorAll("td[data-value]")[place].dataset.value;
      return text === "" ? null : Number(text);
    })));
    return { columns, data };
  }

  function draw(section) {
    const place = section.querySelector("[data-plot]");
    const { columns, data } = read(section.querySelector("table"));
    const ends = data[0];
    const oneDay = ends[ends.length - 1] - ends[0] < 2 * 86400;
    const font = "13px IBM Plex Sans Arabic, sans-serif";
    const plot = new window.uPlot({
      width: place.clientWidth,
      height: 230,
      // The node counts its own zone's wall clock in data-at: what the curve says is what the table says.
      tzDate: (at) => window.uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      cursor: { drag: { x: false, y: false } },
      legend: { show: columns.length > 1, live: false },
      scales: { x: { time: true }, y: { range: (_, low, high) => {
        const room = Math.max((high - low) * 0.15, Math.abs(high) * 0.02, 0.5);
        return [low - room, high + room];
      } } },
      axes: [
        { font, stroke: "#55666a", grid: { stroke: "#ece5d6" }, space: 90,
          values: (_, splits) => splits.map((at) => (oneDay ? time : day)(new Date(at * 1000))) },
        { font, stroke: "#55666a", grid: { stroke: "#ece5d6" }, size: 56 },
      ],
      series: [
        {},
        ...columns.map((label, n) => ({ label, stroke: looks[n].stroke, width: 2, dash: looks[n].dash, spanGaps: true,
          points: { show: true, size: 9, stroke: looks[n].stroke, fill: looks[n].fill } })),
      ],
    }, data, place);
    new ResizeObserver(() => {
      if (place.clientWidth && place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: 230 });
    }).observe(place);
  }

  for (const section of document.querySelectorAll("[data-trend]")) draw(section);
})();
