// Alerts and dashboard of udometer, in the form that monitoring mixins have.
//
//   local udometer = import 'mixin.libsonnet';
//   udometer + { prometheusAlerts+:: { … } }
{
  prometheusAlerts+:: std.parseYaml(importstr 'alerts.yml'),
  grafanaDashboards+:: {
    'udometer.json': import 'dashboard.json',
  },
}
