// SPDX-License-Identifier: Apache-2.0
//
// A dashboard's JSON, as Grafana's own package describes it, but strict: the package leaves the
// options of a panel open ("any"), so here each type of panel has its own.
//
// Grafana fills in whatever options a panel does not have, so all of these are optional. A key that
// does not exist, or a value of the wrong type, is an error.

import * as barchart from "@grafana/grafana-foundation-sdk/barchart";
import * as bargauge from "@grafana/grafana-foundation-sdk/bargauge";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as gauge from "@grafana/grafana-foundation-sdk/gauge";
import * as heatmap from "@grafana/grafana-foundation-sdk/heatmap";
import * as piechart from "@grafana/grafana-foundation-sdk/piechart";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stat from "@grafana/grafana-foundation-sdk/stat";
import * as table from "@grafana/grafana-foundation-sdk/table";
import * as text from "@grafana/grafana-foundation-sdk/text";
import * as timeseries from "@grafana/grafana-foundation-sdk/timeseries";

type IsAny<T> = 0 extends 1 & T ? true : false;

// JSON has the values of enums, not their names; and it has no methods.
type Json<T> = IsAny<T> extends true ? any
    : T extends string ? (string extends T ? string : `${T}`)
    : T extends number ? (number extends T ? number : `${T}` extends `${infer N extends number}` ? N : never)
    : T extends boolean | null | undefined ? T
    : T extends (infer Item)[] ? Json<Item>[]
    : { [Key in keyof T as Key extends `_${string}` ? never : Key]: Json<T[Key]> };

type Optional<T> = IsAny<T> extends true ? any
    : T extends (infer Item)[] ? Optional<Item>[]
    : T extends object ? { [Key in keyof T]?: Optional<T[Key]> }
    : T;

type Query = Json<prometheus.Dataquery>;

type Field<Custom> = Omit<Json<dashboard.FieldConfig>, "custom"> & { custom?: Optional<Json<Custom>> };

// An override sets one key of a field's config: "unit", or "custom.lineWidth".
type Property<Custom> =
    | { [Key in keyof Required<Json<dashboard.FieldConfig>>]:
        { id: Key; value: Json<dashboard.FieldConfig>[Key] } }[keyof Json<dashboard.FieldConfig>]
    | { [Key in keyof Json<Custom> & string]:
        { id: `custom.${Key}`; value: Optional<Json<Custom>[Key]> } }[keyof Json<Custom> & string];

type Matcher =
    | { id: "byName" | "byRegexp" | "byType" | "byFrameRefID"; options: string }
    | { id: "byNames"; options: { mode: "include" | "exclude"; names: string[]; prefix?: string; readOnly?: boolean } };

interface FieldSource<Custom> {
    defaults: Field<Custom>;
    overrides: { matcher: Matcher; properties: Property<Custom>[] }[];
}

interface Transformations {
    organize: {
        excludeByName?: Record<string, boolean>;
        includeByName?: Record<string, boolean>;
        indexByName?: Record<string, number>;
        renameByName?: Record<string, string>;
    };
    merge: Record<string, never>;
    sortBy: { fields?: Record<string, never>; sort: { field: string; desc?: boolean }[] };
    limit: { limitField: number | string };
    joinByField: { byField: string; mode?: "outer" | "inner" | "outerTabular" };
    labelsToFields: { mode?: "columns" | "rows"; keepLabels?: string[]; valueLabel?: string };
    filterFieldsByName: { include?: { names?: string[]; pattern?: string } };
}

type Transformation = { [Id in keyof Transformations]:
    { id: Id; options: Transformations[Id]; disabled?: boolean } }[keyof Transformations];

type PanelOf<Type extends string, Options, Custom> =
    Omit<Json<dashboard.Panel>, "type" | "id" | "title" | "gridPos" | "targets" | "options"
        | "fieldConfig" | "transformations"> & {
        type: Type;
        id: number;
        title: string;
        gridPos: Json<dashboard.GridPos>;
        targets: Query[];
        options: Optional<Json<Options>>;
        fieldConfig: FieldSource<Custom>;
        transformations?: Transformation[];
    };

interface Nothing {}

// A cell's width and colours; the package has them for Grafana's table as a whole.
type Cells = common.TableFieldOptions;

type DataPanel =
    | PanelOf<"stat", stat.Options, Nothing>
    | PanelOf<"gauge", gauge.Options, Nothing>
    | PanelOf<"timeseries", timeseries.Options, timeseries.FieldConfig>
    | PanelOf<"piechart", piechart.Options, piechart.FieldConfig>
    | PanelOf<"barchart", barchart.Options, barchart.FieldConfig>
    | PanelOf<"bargauge", bargauge.Options, Nothing>
    | PanelOf<"heatmap", heatmap.Options, heatmap.FieldConfig>
    | PanelOf<"table", table.Options, Cells>;

type TextPanel = Omit<Json<dashboard.Panel>, "type" | "options"> & {
    type: "text";
    options: Optional<Json<text.Options>>;
};

type Panel = DataPanel | TextPanel;

type Row = Omit<Json<dashboard.RowPanel>, "panels"> & { panels: Panel[] };

// Grafana chooses a value for a variable without one.
type Variable = Omit<Json<dashboard.VariableModel>, "current"> & {
    current?: Optional<Json<dashboard.VariableOption>>;
};

export type Dashboard = Omit<Json<dashboard.Dashboard>,
    "panels" | "uid" | "title" | "tags" | "time" | "templating"> & {
    uid: string;
    title: string;
    tags: string[];
    time: { from: string; to: string };
    templating: { list: Variable[] };
    panels: (Panel | Row)[];
};
