// Draws the charts; every figure in them stands in a table too. No text from the data ever becomes markup.
'use strict';
(function () {
  var figures = JSON.parse(document.getElementById('figures').textContent);
  var charts = [];
  var printing = false;

  // The same shapes as in the legend: colour is never the only difference.
  var shapes = {
    recovered: 'circle', recovered_late: 'diamond', recovered_different: 'rect',
    not_recovered: 'path://M-7-5-5-7 0-2 5-7 7-5 2 0 7 5 5 7 0 2-5 7-7 5-2 0Z', inconclusive: 'path://M-7-2H7V2H-7Z',
    aborted: 'path://M-6-6H-2V6H-6ZM2-6H6V6H2Z', refused: 'triangle', unfinished: 'path://M-2-7H2V7H-2Z'
  };
  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
  }
  function verdictColour(key) {
    var names = { recovered: 'green', recovered_late: 'amber', recovered_different: 'violet', not_recovered: 'red' };
    return colour((names[key] || 'grey') + '-fill');
  }
  function time(ms) {
    if (ms < 1000) return Math.round(ms) + ' ms';
    if (ms < 60000) return +(ms / 1000).toPrecision(3) + ' s';
    if (ms < 3600000) return +(ms / 60000).toPrecision(3) + ' min';
    return +(ms / 3600000).toPrecision(3) + ' h';
  }
  // Where a logarithmic axis has its lines: times that people say.
  var round = [1, 10, 100, 1000, 3000, 10000, 30000, 60000, 300000, 900000, 3600000, 14400000, 43200000, 86400000, 604800000];
  var steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 15000, 30000, 60000, 120000, 300000, 600000, 1800000, 3600000, 7200000, 21600000, 86400000];
  function tooltip(point) {
    var box = document.createElement('div');
    point.lines.forEach(function (line, index) {
      var row = document.createElement(index === 0 ? 'strong' : 'div');
      row.textContent = line;
      box.appendChild(row);
    });
    return box;
  }

  function timesOption(environment, narrow) {
    var family = getComputedStyle(document.body).fontFamily, text = colour('text'), muted = colour('muted'), line = colour('line');
    var measured = environment.points.filter(function (p) { return p.ms !== null; });
    var unmeasured = environment.points.filter(function (p) { return p.ms === null; });
    var highest = 0, lowest = Infinity;
    measured.forEach(function (p) {
      highest = Math.max(highest, p.ms + p.half);
      lowest = Math.min(lowest, Math.max(1, p.ms - p.half));
    });
    environment.targets.forEach(function (t) { t.points.forEach(function (p) { highest = Math.max(highest, p[1]); lowest = Math.min(lowest, p[1]); }); });
    var logarithmic = lowest > 0 && lowest < Infinity && highest / lowest > 25;
    var instants = environment.points.map(function (p) { return p.at; });
    var from = Math.min.apply(null, instants), to = Math.max.apply(null, instants);
    var short = to - from < 3 * 86400000;
    function date(value) {
      var text = new Date(value).toISOString();
      return short ? text.slice(5, 10) + ' ' + text.slice(11, 16) : text.slice(0, 10);
    }
    var room = Math.max((to - from) * 0.04, 6 * 3600000);
    var strip = unmeasured.length > 0 ? 44 : 0;
    var left = 62, right = 12;
    var grids = [{ left: left, right: right, top: 14 + strip, bottom: 28 }];
    var times = [{ type: 'time', gridIndex: 0, min: from - room, max: to + room, splitNumber: narrow ? 2 : 6,
      axisLine: { lineStyle: { color: muted } }, axisLabel: { color: muted, hideOverlap: true, formatter: date, fontSize: 11 }, axisTick: { lineStyle: { color: muted } } }];
    var interval = Math.min.apply(null, steps.filter(function (step) { return step * 5 >= highest; }));
    var values = [{ type: 'value', gridIndex: 0, min: 0, interval: isFinite(interval) ? interval : null,
      max: isFinite(interval) ? Math.ceil(Math.max(highest, 1) * 1.05 / interval) * interval : null, axisLabel: { color: muted, formatter: time, fontSize: 11 },
      splitLine: { lineStyle: { color: line } } }];
    if (logarithmic) {
      var ticks = round.filter(function (tick) { return tick >= lowest / 3 && tick <= highest * 3; });
      var low = Math.max.apply(null, round.filter(function (tick) { return tick < lowest * 0.95; }).concat(lowest / 2));
      var high = Math.min.apply(null, round.filter(function (tick) { return tick > highest * 1.05; }).concat(highest * 2));
      ticks = ticks.filter(function (tick) { return tick >= low && tick <= high; });
      values = [{ type: 'log', gridIndex: 0, min: low, max: high, axisLine: { show: false },
        axisTick: { show: false, customValues: ticks },
        axisLabel: { color: muted, formatter: time, customValues: ticks, hideOverlap: true, fontSize: 11 },
        splitLine: { lineStyle: { color: line } } }];
    }
    var series = environment.targets.map(function (target) {
      var points = target.points.slice();
      points.unshift([from - room, points[0][1]]);
      points.push([to + room, points[points.length - 1][1]]);
      return { type: 'line', step: 'start', data: points, symbol: 'none', silent: true, z: 1, tooltip: { show: false },
        lineStyle: { color: text, width: 1.5, type: [6, 4] } };
    });
    var labels = [];  // one for each value, so that equal targets don't write over each other
    environment.targets.forEach(function (target) {
      var value = target.points[target.points.length - 1][1];
      var known = labels.find(function (label) { return label.value === value; });
      if (known) known.playbooks.push(target.playbook); else labels.push({ value: value, playbooks: [target.playbook] });
    });
    series.push({ type: 'custom', z: 4, silent: true, tooltip: { show: false }, encode: { x: 0, y: 1 },
      data: labels.map(function (label) { return [to + room, label.value]; }),
      renderItem: function (params, api) {
        var label = labels[params.dataIndexInside], place = api.coord([api.value(0), api.value(1)]);
        var of = label.playbooks.length === 1 ? label.playbooks[0] : label.playbooks.length + ' playbooks';
        return { type: 'text', style: { text: 'target of ' + of + ', ' + time(label.value), x: place[0] - 4, y: place[1] - 4,
          align: 'right', verticalAlign: 'bottom', fill: text, fontSize: 11, fontFamily: family, width: params.coordSys.width,
          overflow: 'truncate' } };
      } });
    series.push({ type: 'custom', z: 2, silent: true, tooltip: { show: false },
      data: measured.map(function (p) { return [p.at, Math.max(p.ms - p.half, logarithmic ? 1 : 0), p.ms + p.half, p.key]; }),
      encode: { x: 0, y: [1, 2] },
      renderItem: function (params, api) {
        var low = api.coord([api.value(0), api.value(1)]), high = api.coord([api.value(0), api.value(2)]);
        if (low[1] - high[1] < 12) return null;  // the symbol is as large as the uncertainty
        var style = { stroke: muted, lineWidth: 1.5, fill: null };
        return { type: 'group', children: [
          { type: 'line', shape: { x1: low[0], y1: low[1], x2: high[0], y2: high[1] }, style: style },
          { type: 'line', shape: { x1: low[0] - 4, y1: low[1], x2: low[0] + 4, y2: low[1] }, style: style },
          { type: 'line', shape: { x1: high[0] - 4, y1: high[1], x2: high[0] + 4, y2: high[1] }, style: style }] };
      } });
    function scatter(points, axis, value) {
      return { type: 'scatter', z: 3, xAxisIndex: axis, yAxisIndex: axis, symbolSize: 12, symbolKeepAspect: true, data: points.map(function (p) {
        return { value: [p.at, value(p)], symbol: shapes[p.key] || 'circle', point: p,
          itemStyle: { color: verdictColour(p.key), borderColor: colour('ground'), borderWidth: 1 } };
      }) };
    }
    series.push(scatter(measured, 0, function (p) { return p.ms; }));
    if (strip) {
      grids.push({ left: left, right: right, top: 8, height: strip - 16 });
      times.push({ type: 'time', gridIndex: 1, min: from - room, max: to + room, show: false });
      values.push({ type: 'category', gridIndex: 1, data: ['no time'], axisLine: { show: false }, axisTick: { show: false },
        axisLabel: { color: muted }, splitArea: { show: true, areaStyle: { color: [colour('surface')] } } });
      series.push(scatter(unmeasured, 1, function () { return 'no time'; }));
    }
    return { animation: false, useUTC: true, textStyle: { fontFamily: family, color: text }, grid: grids, xAxis: times, yAxis: values, series: series,
      tooltip: { trigger: 'item', confine: true, backgroundColor: colour('ground'), borderColor: line, textStyle: { color: text, fontSize: 13 },
        formatter: function (params) { return params.data && params.data.point ? tooltip(params.data.point) : ''; } } };
  }

  function draw(entry) {
    entry.chart.setOption(timesOption(entry.environment, entry.element.clientWidth < 560), true);
    entry.chart.getZr().flush();
  }
  document.querySelectorAll('.chart').forEach(function (element) {
    var environment = figures.environments[Number(element.dataset.environment)];
    if (!environment || environment.points.length === 0) return;
    element.closest('figure').hidden = false;
    var entry = { element: element, environment: environment, chart: echarts.init(element, null, { renderer: 'svg' }) };
    charts.push(entry);
    draw(entry);
  });

  var resizing = 0;
  window.addEventListener('resize', function () {
    cancelAnimationFrame(resizing);
    resizing = requestAnimationFrame(function () {
      if (!printing) charts.forEach(function (entry) { entry.chart.resize(); draw(entry); });
    });
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', function () {
    if (!printing) charts.forEach(draw);
  });

  // Paper: A4's width, light colours, and every drill open.
  var closed = [];
  window.addEventListener('beforeprint', function () {
    printing = true;
    document.querySelectorAll('details:not([open])').forEach(function (details) { closed.push(details); details.open = true; });
    charts.forEach(function (entry) { entry.chart.resize({ width: 680, height: 260 }); draw(entry); });
  });
  window.addEventListener('afterprint', function () {
    printing = false;
    closed.splice(0).forEach(function (details) { details.open = false; });
    charts.forEach(function (entry) { entry.chart.resize({ width: 'auto', height: 'auto' }); draw(entry); });
  });

  // A link to a drill opens it.
  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === 'DETAILS') { target.open = true; target.scrollIntoView(); }
  }
  window.addEventListener('hashchange', reveal);
  reveal();
})();
