import { Box } from "@chakra-ui/react";
import { BarChart } from "echarts/charts";
import {
  AriaComponent,
  GridComponent,
  LegendComponent,
  TooltipComponent,
} from "echarts/components";
import { type ECharts, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { EChartsOption } from "echarts/types/dist/shared";
import { useEffect, useRef } from "react";

use([BarChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

/** Gives the value of one of the UI's colours, e.g. `green-600`, in the theme of the moment. */
export type Colors = (token: string) => string;

interface Props {
  title: string;
  option: (colors: Colors) => EChartsOption;
}

/** A chart in the colours of the UI around it. */
export function Chart({ title, option }: Props) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const chart = init(element, null, { renderer: "svg" });
    const draw = () => chart.setOption(option(colorsOf(element)), { notMerge: true });
    draw();
    const ends = [watchTheme(draw), watchSize(element, chart)];
    return () => {
      for (const end of ends) end();
      chart.dispose();
    };
  }, [option]);
  return <Box ref={place} role="img" aria-label={title} height="240px" width="100%" />;
}

function colorsOf(element: HTMLElement): Colors {
  const style = getComputedStyle(element);
  return (token) => style.getPropertyValue(`--chakra-colors-${token}`).trim() || "gray";
}

function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: ["class", "data-theme"] });
  return () => observer.disconnect();
}

function watchSize(element: HTMLElement, chart: ECharts): () => void {
  const observer = new ResizeObserver(() => chart.resize());
  observer.observe(element);
  return () => observer.disconnect();
}
